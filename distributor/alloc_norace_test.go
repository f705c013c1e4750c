//go:build !race

package distributor_test

const raceDetector = false
