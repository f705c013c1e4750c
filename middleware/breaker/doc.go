// Package breaker is middleware that stops asking a receiver that keeps failing, and tries it again after a while: a circuit
// breaker, whose states and counts are those of github.com/sony/gobreaker, on the system's clock. It is a module of its own, so
// that only who uses it needs that library.
//
//	prices := ref.Via(breaker.Circuit{After: 5, Pause: time.Second}.Middleware())
//	cents, err := bastion.AskVia(ctx, prices, Price{Item: "tea"})
//
// Use: with Ref.Via, or in a spec, where each receiver gets a circuit of its own. Any goroutine may. It changes no order. While
// it is open a send is refused with ErrOpen and was not accepted, so nothing accepted is lost. A Breaker does the same around any
// call, an HTTP round trip for example. There is nothing to stop.
package breaker
