// Package wheel keeps what is due later, cheaply for a million entries: a
// hierarchical timing wheel for what is far away, and a heap for what is due
// within the present tick.
//
// # How to use it
//
// Times are nanoseconds since some moment of the caller's. Add puts something
// in, Next says when to look again, and Pop takes out what is due. Nothing is
// ever taken out early, whatever the length of a tick:
//
//	w := wheel.Wheel[*alarm]{Dead: (*alarm).off}
//	w.Add(due, a)
//	for _, a := range w.Pop(now, batch[:0]) { … }
//
// What is not wanted any more is not looked for. Whoever owns it marks it, so
// that Dead reports true, and says so with Gone; it is dropped when half of its
// slot is like that.
//
// # What is ordered
//
// What is due comes out in the order of its time, and what is due at the same
// time in the order in which it was added.
//
// # What may be lost
//
// Nothing but what is Dead.
//
// # Who may call
//
// One caller at a time. A Wheel reads no clock and takes no lock.
//
// # How it stops
//
// There is nothing to stop. A Wheel that is forgotten is gone.
package wheel
