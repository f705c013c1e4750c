// Package backoff holds the words in which users say how restarts are delayed.
//
// The root package uses them for children and package fort for whole programs;
// both give them on under their own names, as aliases, so that one value fits in
// either. What follows from them is computed by package supervise, which knows
// nothing of fields and defaults: Plan turns one into the other, and Faults says
// what is wrong with a value before anybody uses it.
//
// Values are plain data: any goroutine may use them, their order among one another
// means nothing, nothing of them is lost by copying, and there is nothing to stop.
package backoff
