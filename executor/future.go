package executor

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
)

// FutureSpec describes a future. Its zero value is a future without a name, hooks or parent.
type FutureSpec struct {
	// Name is for people; it need not be unique.
	Name string
	// Context is the parent of the context that the function gets; nil: context.Background. When it ends before the
	// function has started, the function still starts, with a context that has ended.
	Context context.Context
	// BeforeStart runs before the function, on the same goroutine.
	BeforeStart func(name string)
	// AfterComplete runs exactly once, after the outcome is set and Await can return, whatever the outcome is: err is
	// what Await returns.
	AfterComplete func(name string, err error)
	// AfterPanic runs before AfterComplete when the function panicked or called Goexit, whether or not anybody
	// awaits.
	AfterPanic func(name string, p *PanicError)
}

// FutureState is how far a future is.
type FutureState uint32

// The states of a future. The last four are final.
const (
	Queued    FutureState = iota
	Running               // the function, or BeforeStart, runs
	Succeeded             // the function returned a nil error
	Failed                // the function returned an error, or the executor was closed before it started
	Panicked              // the function panicked or ended its goroutine
	Cancelled             // cancelled before it started, or it returned the error of its cancelled context
)

var futureStates = [...]string{"queued", "running", "succeeded", "failed", "panicked", "cancelled"}

func (s FutureState) String() string { return futureStates[s] }

// Future is the outcome, some day, of a function that [Spawn] gave to an executor. Its methods are safe for concurrent
// use. Dropping it cancels nothing.
type Future[T any] struct {
	c     future
	value T // written by the function's goroutine before c.done is closed, read after
}

// Spawn runs f on e, with a context that ends when the future is cancelled or e is closed. f may block; a panic in it
// becomes a [*PanicError]. If e has not started, f waits for that; if e is closed, the future has failed with
// [ErrClosed] already.
func Spawn[T any](e *Executor, spec FutureSpec, f func(ctx context.Context) (T, error)) *Future[T] {
	fu := &Future[T]{}
	fu.c.spawn(e, spec, func(ctx context.Context) error {
		v, err := f(ctx)
		fu.value = v
		return err
	})
	return fu
}

// Await waits for the outcome, or until ctx ends and then returns ctx's error; the future goes on. Any number of
// goroutines may await, any number of times.
func (f *Future[T]) Await(ctx context.Context) (T, error) {
	select {
	case <-f.c.done:
		return f.value, f.c.err
	default:
	}
	if s := f.c.e.seeded; s != nil {
		switch s.Wait("a future", nil, Closed(f.c.done), Closed(ctx.Done())) {
		case 0:
			return f.value, f.c.err
		case 1:
			var zero T
			return zero, ctx.Err()
		}
	}
	select {
	case <-f.c.done:
		return f.value, f.c.err
	case <-ctx.Done():
		var zero T
		return zero, ctx.Err()
	}
}

// Done returns a channel that is closed when the outcome is there.
func (f *Future[T]) Done() <-chan struct{} { return f.c.done }

// Cancel asks for the end: a future that has not started never will, and fails with context.Canceled; the context of
// one that runs is cancelled, and what its function then returns is the outcome. After the outcome it does nothing.
func (f *Future[T]) Cancel() {
	f.c.cancelled.Store(true)
	f.c.cancel(context.Canceled)
	f.c.finishUnstarted(context.Canceled)
}

// State returns how far the future is.
func (f *Future[T]) State() FutureState { return FutureState(f.c.state.Load()) }

// Name returns the spec's name.
func (f *Future[T]) Name() string { return f.c.spec.Name }

// future is a Future without its type.
type future struct {
	task Task
	e    *Executor
	spec FutureSpec
	body func(ctx context.Context) error
	ctx  context.Context
	// cancel ends ctx with a cause.
	cancel context.CancelCauseFunc
	// state is a FutureState. The move away from Queued is a CAS, between the worker that starts it, Cancel and Close;
	// the final value is stored by its winner, after err and before done is closed. Read by anybody.
	state atomic.Uint32
	// cancelled says that Cancel was called. Written by Cancel, read when the function has returned.
	cancelled atomic.Bool
	err       error // written before done is closed, read after
	done      chan struct{}

	prev, next *future // in the registry, under its mutex
}

func (f *future) spawn(e *Executor, spec FutureSpec, body func(ctx context.Context) error) {
	f.e, f.spec, f.body, f.done = e, spec, body, make(chan struct{})
	parent := spec.Context
	if parent == nil {
		parent = context.Background()
	}
	f.ctx, f.cancel = context.WithCancelCause(parent)
	f.task.Init(f)
	if !e.futures.add(f) {
		f.cancel(ErrClosed)
		f.finishUnstarted(ErrClosed)
		return
	}
	e.Submit(&f.task)
}

// Run implements Runner.
func (f *future) Run(*Worker) (again bool) {
	if !f.state.CompareAndSwap(uint32(Queued), uint32(Running)) {
		return false
	}
	returned := false
	var err error
	defer func() {
		v := recover()
		switch {
		case !returned:
			f.finish(Panicked, newPanicError(v))
		case err == nil:
			f.finish(Succeeded, nil)
		case f.cancelled.Load() && errors.Is(err, context.Canceled):
			f.finish(Cancelled, err)
		default:
			f.finish(Failed, err)
		}
	}()
	if f.spec.BeforeStart != nil {
		f.e.contain(func() { f.spec.BeforeStart(f.spec.Name) })
	}
	err = f.body(f.ctx)
	returned = true
	return false
}

// TaskName implements Named.
func (f *future) TaskName() string { return "future " + f.spec.Name }

// finishUnstarted ends a future that has not started; if it has, nothing happens.
func (f *future) finishUnstarted(err error) {
	if !f.state.CompareAndSwap(uint32(Queued), uint32(Running)) {
		return
	}
	state := Failed
	if errors.Is(err, context.Canceled) {
		state = Cancelled
	}
	f.finish(state, err)
}

// finish sets the outcome and runs the hooks. Only whoever moved the state away from Queued calls it.
func (f *future) finish(state FutureState, err error) {
	f.err = err
	f.state.Store(uint32(state))
	close(f.done)
	f.cancel(context.Canceled) // frees what hangs on ctx; a cause that was set stays
	f.e.futures.remove(f)
	if p, ok := err.(*PanicError); ok && state == Panicked && f.spec.AfterPanic != nil {
		f.e.contain(func() { f.spec.AfterPanic(f.spec.Name, p) })
	}
	if f.spec.AfterComplete != nil {
		f.e.contain(func() { f.spec.AfterComplete(f.spec.Name, err) })
	}
}

// registry knows the futures that are not finished, so that Close can end them.
type registry struct {
	mu     sync.Mutex
	first  *future
	n      int
	closed bool
}

// add returns false when the executor is closed.
func (r *registry) add(f *future) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return false
	}
	if f.next = r.first; f.next != nil {
		f.next.prev = f
	}
	r.first = f
	r.n++
	return true
}

// remove forgets f, if it is there.
func (r *registry) remove(f *future) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f.prev == nil && r.first != f {
		return
	}
	if f.prev != nil {
		f.prev.next = f.next
	} else {
		r.first = f.next
	}
	if f.next != nil {
		f.next.prev = f.prev
	}
	f.prev, f.next = nil, nil
	r.n--
}

func (r *registry) len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.n
}

// close refuses further futures, fails those that have not started and cancels the contexts of the others.
func (r *registry) close() {
	r.mu.Lock()
	r.closed = true
	var open []*future
	for f := r.first; f != nil; f = f.next {
		open = append(open, f)
	}
	r.mu.Unlock()
	for _, f := range open {
		f.cancel(ErrClosed)
		f.finishUnstarted(ErrClosed)
	}
}
