//go:build race

package bastion_test

// raceDetector says that the race detector is in this binary: it allocates, and it changes which paths are taken.
const raceDetector = true
