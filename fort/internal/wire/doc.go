// Package wire is what guard and ward say to each other, over a pair of connected
// sockets that the ward inherits.
//
// # Usage
//
// A frame is a length, a kind, a number of file descriptors, and a payload in JSON.
// Send writes one, Recv reads the next. Both ends may be of different versions of
// this package: the guard is the older one after an upgrade. So kinds and fields
// that are not known are passed over, nothing is ever given another meaning, and a
// change that cannot be made in this way raises Version, which both ends check.
//
// Frames arrive in order, none is lost while both ends live, and descriptors arrive
// with their frame. Any goroutine may Send; one at a time may Recv. A frame that is
// longer than Max, or says that it is, closes the connection: the other end is
// broken or hostile, and there is no way to find the next frame. Close ends a Recv.
package wire
