// Package health answers load balancers, Kubernetes and people who ask over HTTP
// whether a system is ready, and whether it is alive.
//
// # Usage
//
//	sys, err := bastion.New(bastion.Config{Name: "shop"})
//	...
//	mux.Handle("/health/", health.Handler{Of: sys})
//
// GET /health/readyz is answered with 200 while all that should run does, and
// with 503 otherwise and as soon as stopping begins: send no work then. GET
// /health/livez is answered with 503 when a restart of the program would help: a
// supervisor is in a restart storm, what was abandoned still runs, all workers are
// blocked. What the two look at is said at [bastion.Health].
//
// The server belongs to the program: it should begin before the system is started
// and end after it has stopped, so that there is an answer at all times. A probe
// that gets none counts as a failed one.
//
// # What is ordered, what may be lost
//
// Each answer is true of the moment it was made in; nothing is remembered between
// two. At most a hundred problems are listed, and how many more there are.
//
// # Who may call, and how it stops
//
// A Handler is plain data and may be used from any number of goroutines. It starts
// nothing, waits for no process, and costs a healthy system next to nothing,
// however large it is: asking every second is fine. It has nothing to stop.
//
// # What strangers see
//
// Without ?verbose the answer is how many problems there are; with it, paths of
// processes and what is wrong, but never the reason of a failure, which may hold
// what is not for everyone's eyes: that is in the log.
package health
