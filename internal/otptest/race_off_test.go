//go:build !race

package otptest

const defaultTales = 2000
