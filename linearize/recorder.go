package linearize

import "sync"

// A Recorder keeps what clients did and saw, in the order in which it began. Its
// zero value is ready.
type Recorder[In, Out any] struct {
	mu    sync.Mutex
	clock int64
	ops   []*operation[In, Out]
}

type operation[In, Out any] struct {
	in        In
	out       Out
	call, ret int64
	known     bool
}

// Do records one operation of one client, which is f. With an error its fate is
// unknown: a question that was not answered in time may be carried out yet. What
// surely did not happen is better not recorded: see Try.
func (r *Recorder[In, Out]) Do(in In, f func() (Out, error)) (Out, error) {
	return r.Try(in, func() (Out, bool, error) {
		out, err := f()
		return out, true, err
	})
}

// Try is Do for an operation that may say that it did not happen: then it is struck
// off again.
func (r *Recorder[In, Out]) Try(in In, f func() (out Out, happened bool, err error)) (Out, error) {
	o := &operation[In, Out]{in: in}
	r.mu.Lock()
	r.clock++
	o.call = r.clock
	r.ops = append(r.ops, o)
	r.mu.Unlock()
	out, happened, err := f()
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case !happened:
		r.strike(o)
	case err == nil:
		r.clock++
		o.out, o.ret, o.known = out, r.clock, true
	}
	return out, err
}

func (r *Recorder[In, Out]) strike(o *operation[In, Out]) {
	for i := range r.ops {
		if r.ops[i] == o {
			r.ops = append(r.ops[:i], r.ops[i+1:]...)
			return
		}
	}
}

// Len is how many operations were recorded.
func (r *Recorder[In, Out]) Len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.ops)
}
