// Package goid tells goroutines apart.
//
// Self returns an opaque identity of the running goroutine: the address of the runtime's own record of it. Two calls
// on one goroutine return the same value; two goroutines that live at the same time get different ones. Nothing else
// may be read into the number. In particular the runtime uses the record of a finished goroutine again for a later one,
// so whoever keeps an identity must forget it before its goroutine ends.
//
// The rejected alternative is to parse "goroutine 7" out of [runtime.Stack]: correct on every machine, and more than a
// microsecond, where this is a load (about 1.5 ns). Where the load is not written down in assembly (neither amd64 nor
// arm64) Self returns 0, and callers must then take their slower path.
package goid
