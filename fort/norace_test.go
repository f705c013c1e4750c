//go:build !race

package fort_test

const raceEnabled = false
