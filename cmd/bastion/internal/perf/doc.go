// Package perf measures what Bastion promises to cost, each figure beside a
// baseline that ran in the same process a moment before.
//
// A figure in nanoseconds means nothing on another machine, and little on the
// same one on another day; its ratio to a channel send or to an atomic add
// does. So a [Workload] has two sides, the subject and the [Baseline], and
// [Measure] runs them in turn (A B A B …), collects garbage before each, and
// compares the medians. The rows it gives name the medians, the ratio, the
// goal, and whether it was met.
//
// # What a run is
//
// Every single run of a subject opens a system of its own, with everything on:
// supervision, books, watchdog, crash reports (logged to a handler that is
// enabled and throws the record away). It warms up with a tenth of the
// operations, collects garbage, does the operations under the clock, stops the
// system, and checks three things: that the workload counted what it should
// have counted, that the books balance, and that they list at least as many
// handled messages as were sent. A runtime that loses messages must not look
// fast. Nothing outside the clock is part of the figure.
//
// The supervisors of a run allow no restarts (but where restarts are the
// workload): a handler that fails unexpectedly ends the system, and the run
// fails at once instead of waiting for a token that was lost. A run that makes
// no progress at all is given up after [Options.Patience].
//
// Messages are pointers to a small struct, unless a row's name says otherwise.
// Outside senders pass context.Background(), outside askers a context that can
// be cancelled: how long the chain of contexts is, is the caller's affair.
//
// # Where to add a workload
//
// Write a [Probe] in the file of its topic, list it in [Suite], and give it a
// baseline from baseline.go. The command's `bench`, the Go benchmarks of this
// package (go test -bench . -cpuprofile …) and the smoke test follow from the
// list.
package perf
