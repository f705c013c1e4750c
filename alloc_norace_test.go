//go:build !race

package bastion_test

const raceDetector = false
