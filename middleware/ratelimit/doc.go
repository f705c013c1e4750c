// Package ratelimit is middleware that bounds how many messages a process is given, or sends, in a time: a token bucket of
// golang.org/x/time/rate, on the system's clock. It is a module of its own, so that only who uses it needs that library.
//
//	bastion.ChildSpec{Middleware: []bastion.Middleware{ratelimit.Limit{PerSecond: 100, Burst: 20}.Middleware()}, ...}
//
// Use: as any bastion.Middleware, in a spec or with Ref.Via. Who shares what Middleware returned shares its bucket; any goroutine
// may. Messages stay in order. What is too much on receive is lost to the process: it goes to the dead letters, and a question
// fails with ErrLimited; on send it is refused with ErrLimited and was not accepted. With Wait nothing is lost, and the process or
// the sender blocks until there is room or its context ends. There is nothing to stop.
package ratelimit
