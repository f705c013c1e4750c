//go:build amd64 || arm64

package goid

// Self returns an opaque identity of the running goroutine; see the package comment for what it may be used for.
//
//go:noescape
func Self() uintptr
