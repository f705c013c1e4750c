package bastion

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/bastion-go/bastion/executor"
)

// A Subscription is a bounded buffer between the runtime and one watcher. The
// runtime never waits for it: when the buffer is full, what comes is missed and
// counted. It ends with Close, or when the system has stopped; then C is closed.
// Its methods may be called from any goroutine. The zero Subscription watches
// nothing: its C is nil.
type Subscription[T any] struct {
	from   *stream[T]
	c      chan T
	missed atomic.Uint64
}

// C delivers in the order in which things happened.
func (s *Subscription[T]) C() <-chan T { return s.c }

// Next returns the next one, waiting for it: until ctx ends, whose error it then
// returns, or the subscription has ended, and then ErrStopped. In a seeded run,
// unlike a receive from C, it is seen and controlled. A handler that waits blocks
// its worker.
func (s *Subscription[T]) Next(ctx context.Context) (T, error) {
	var zero T
	ctx = someContext(ctx)
	if s.from == nil {
		return zero, ErrStopped
	}
	select {
	case v, open := <-s.c:
		return v, stillOpen(open)
	default:
	}
	switch s.from.waits("an event", executor.Filled(s.c), s.from.without(s), done(ctx)) {
	case 0, 1:
		v, open := <-s.c
		return v, stillOpen(open)
	case 2:
		return zero, ctx.Err()
	}
	select {
	case v, open := <-s.c:
		return v, stillOpen(open)
	case <-ctx.Done():
		return zero, ctx.Err()
	}
}

// stillOpen is the error of what has or has not ended.
func stillOpen(open bool) error {
	if !open {
		return ErrStopped
	}
	return nil
}

// Missed is how many did not fit into the buffer so far.
func (s *Subscription[T]) Missed() uint64 { return s.missed.Load() }

// Close ends the subscription. C is closed after what is in the buffer. More
// calls do nothing.
func (s *Subscription[T]) Close() {
	if s.from != nil {
		s.from.leave(s)
	}
}

// A stream hands what is published to all its subscriptions.
type stream[T any] struct {
	watched atomic.Int32 // subscriptions; publishers look before they take the lock
	mu      sync.Mutex
	subs    map[*Subscription[T]]struct{}
	closed  bool
	seeded  *executor.Seeded // set once; nil: the real world
}

// waits is Seeded.Wait in a seeded run, and -1 otherwise.
func (s *stream[T]) waits(what string, conds ...func() bool) int {
	if s.seeded == nil {
		return -1
	}
	return s.seeded.Wait(what, nil, conds...)
}

// without is a condition: sub has ended.
func (s *stream[T]) without(sub *Subscription[T]) func() bool {
	return func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		_, ok := s.subs[sub]
		return !ok
	}
}

const (
	defaultBuffer = 256
	maxBuffer     = 1 << 20 // a channel's buffer is paid for at once, however few come
)

func (s *stream[T]) subscribe(buffer int) *Subscription[T] {
	if buffer <= 0 {
		buffer = defaultBuffer
	}
	sub := &Subscription[T]{from: s, c: make(chan T, min(buffer, maxBuffer))}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		close(sub.c)
		return sub
	}
	if s.subs == nil {
		s.subs = make(map[*Subscription[T]]struct{})
	}
	s.subs[sub] = struct{}{}
	s.watched.Add(1)
	return sub
}

func (s *stream[T]) leave(sub *Subscription[T]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.subs[sub]; !ok {
		return
	}
	delete(s.subs, sub)
	s.watched.Add(-1)
	close(sub.c)
}

func (s *stream[T]) publish(v T) {
	if s.watched.Load() == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for sub := range s.subs {
		select {
		case sub.c <- v:
		default:
			sub.missed.Add(1)
		}
	}
}

// close ends all subscriptions and refuses new ones.
func (s *stream[T]) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for sub := range s.subs {
		delete(s.subs, sub)
		s.watched.Add(-1)
		close(sub.c)
	}
}
