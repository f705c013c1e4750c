//go:build race

package distributor_test

// raceDetector says that the race detector is in this binary: it allocates.
const raceDetector = true
