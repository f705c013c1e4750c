//go:build race

package otptest

const defaultTales = 250 // the race detector is slow, and the gate runs it three times
