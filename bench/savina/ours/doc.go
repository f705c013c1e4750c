// Package ours has the programs of the suite on Bastion: handlers in supervised groups, messages by Tell, everything of the
// runtime on (supervision, books, watchdog), nothing tuned for a program.
//
// How to use it: Programs[name](n) runs one and returns its result. Each run has a system of its own, which is stopped at the
// end; a failure or unbalanced books panic, because a figure of a run that lost something is worth nothing. What is ordered
// is what Bastion promises (contract D2). One run at a time, from any goroutine.
package ours
