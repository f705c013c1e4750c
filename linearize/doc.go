// Package linearize asks whether what clients saw of a keyed state could have come from one that does one thing at a time.
//
// A process that owns a key does that by nature. A store made of several processes, with copies, caches, retries or crashes,
// may not, and no single answer shows it: only all of them together do. The check itself is Porcupine's
// (github.com/anishathalye/porcupine, MIT), which is why this is a module of its own.
//
// # How to use it
//
// Say how the state works for one client alone ([Model]; [Map] is one for keys and values), have the clients record what they
// do ([Recorder.Do]), and check:
//
//	var r linearize.Recorder[linearize.MapIn[string, int], linearize.MapOut[int]]
//	...
//	out, err := r.Do(linearize.Put("a", 1), func() (linearize.MapOut[int], error) { ... })
//	...
//	linearize.Map[string, int]().Verify(t, &r)
//
// An operation with an error has an unknown fate: it may have happened, at any time after it began, or not.
//
// # What is ordered
//
// Two operations are in order if the first had returned when the second began, whoever made them. That goes for real time as
// for a simulation.
//
// # What may be lost
//
// What is not recorded is not checked. To decide is hard for long histories of few keys with much at the same time: a check
// that is not done within its time says Unknown, which Verify takes for a failure.
//
// # Who may call
//
// A Recorder may be used by any goroutines. A check must not run while something is recorded.
//
// # How it stops
//
// Nothing here has a goroutine of its own that outlives its call.
package linearize
