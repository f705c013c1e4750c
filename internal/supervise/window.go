package supervise

import "time"

// Window counts restarts in an exact sliding window: the instants themselves are kept, as in OTP. A counter with decay
// would be smaller and would refuse bursts that the contract allows, or allow ones it refuses.
//
// It holds at most Max+1 instants, and of those only the ones inside the window (as of the last Add).
type Window struct {
	max    int
	within time.Duration
	base   time.Time       // instants are kept as distances from it: 8 bytes instead of 24
	at     []time.Duration // ascending; at[head:] is alive
	head   int
}

// NewWindow returns an empty window. Only Max and Within of i matter.
func NewWindow(i Intensity) Window {
	return Window{max: max(i.Max, 0), within: i.Within}
}

// Resize changes the bounds and keeps what is known of the past. What had left, or did not matter to the old bounds, is
// not known any more.
func (w *Window) Resize(i Intensity) { w.max, w.within = max(i.Max, 0), i.Within }

// Add notes a restart at now and says whether that is one too many. A now before the last one counts as the last one.
func (w *Window) Add(now time.Time) (exceeded bool) {
	if w.max == Unlimited {
		return false
	}
	if w.base.IsZero() {
		w.base = now
	}
	t := now.Sub(w.base)
	if len(w.at) > w.head {
		t = max(t, w.at[len(w.at)-1])
	}
	w.expire(t)
	w.head = max(w.head, len(w.at)-w.max) // the newest max+1 decide; older ones cannot matter any more
	w.compact()
	w.at = append(w.at, t)
	return len(w.at)-w.head > w.max
}

// Count says how many restarts lie in the window that ends now; never more than Max+1, and 0 if unlimited.
func (w *Window) Count(now time.Time) int {
	if len(w.at) == w.head {
		return 0
	}
	n, t := 0, now.Sub(w.base)
	for i := len(w.at) - 1; i >= w.head && t-w.at[i] <= w.within; i-- {
		n++
	}
	return n
}

// expire drops what lies outside the window that ends at t. Exactly Within ago is still inside.
func (w *Window) expire(t time.Duration) {
	for w.head < len(w.at) && t-w.at[w.head] > w.within {
		w.head++
	}
}

// compact moves the living to the front once at least half is dead, so that a long life costs no memory and each Add
// pays for one move on average.
func (w *Window) compact() {
	if w.head > 0 && 2*w.head >= len(w.at) {
		n := copy(w.at, w.at[w.head:])
		w.at, w.head = w.at[:n], 0
	}
}
