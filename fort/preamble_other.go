//go:build !linux || android || faketime || asan || msan || go1.28

package fort

import "os"

// keepPreamble is for systems and versions of Go where the runtime can be listened to.
func keepPreamble(_ *os.File, setCrashOutput func() error) error { return setCrashOutput() }
