// Package middleware has ready ones for [bastion.Middleware]: what stands around the messages that a process receives and
// sends. Rate limits and circuit breaking, which need libraries, are modules of their own beside it: middleware/ratelimit and
// middleware/breaker.
//
// # How to use it
//
// Each is a struct whose zero value works, or says in the spec's error that it does not, and goes into a spec, a config, or on
// the way to a reference:
//
//	bastion.Config{Middleware: []bastion.Middleware{
//		middleware.Tracing{Tracer: tracer}.Middleware(),
//		middleware.Logging{}.Middleware(),
//	}}
//
//	prices := ref.Via(middleware.Retry{Idempotent: isPrice}.Middleware())
//	cents, err := bastion.AskVia(ctx, prices, Price{Item: "tea"})
//
// One of the two sides alone is bastion.Middleware{Receive: m.Receive}.
//
// # What is ordered
//
// They change no order, except that an ask which Retry repeats is a later one. The first in a list stands outermost: Timing
// before Retry measures all tries together, after it each.
//
// # What may be lost
//
// Only Deadline drops messages: questions that nobody waits for any more, into the dead letters. Retry asks again only what was
// not accepted, or what the asker calls idempotent (contract D1).
//
// # Who may call it, how it stops
//
// What Middleware returns may be used by many processes and goroutines at a time; the functions given to it must bear that. They
// are called on the goroutine that handles or sends. Nothing here has a goroutine or timer that outlives a call, so there is
// nothing to stop; time and chance are the system's.
package middleware
