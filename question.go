package bastion

import (
	"context"
	"sync/atomic"

	"github.com/bastion-go/bastion/executor"
)

// A question is the place where one ask waits for its answer. It is recycled
// after an answer was collected, and the generation tells its uses apart: a
// reply with an old token can never answer a later ask. It is not recycled when
// the asker gave up, because the token may still be about.
type question struct {
	// word is the generation (upper half) and the stage. Written by the asker
	// (open, park, give up, recycle) and by whoever answers (claim, done); every
	// change that two may attempt is a CAS.
	word atomic.Uint64

	answer any   // written between claim and done
	err    error // likewise

	wake  chan struct{} // one token, for a parked asker
	sys   *System
	asker atomic.Pointer[process] // whose own goroutine waits, for finding rings; nil otherwise
	// holder is the process that has the question, for finding rings, and set only
	// if there is an asker. Written by whoever sends or forwards it, before that.
	holder atomic.Pointer[process]
	keeper atomic.Pointer[life] // the incarnation that holds it

	// For AskThen: what to do with the answer, in which incarnation of which
	// process, and the node that takes the question there.
	then  continuation
	owner *process
	note  node
	inc   uint32

	free *question // next in a free list
}

// A continuation is what AskThen does with the answer.
type continuation interface {
	run(c *Context, answer any, err error) error
}

const (
	questionWaiting = iota
	questionParked
	questionClaimed
	questionDone
	questionGivenUp
	stageMask = 7
	genShift  = 32
)

func newQuestion(sys *System) *question { return &question{sys: sys, wake: make(chan struct{}, 1)} }

func (q *question) gen() uint32 { return uint32(q.word.Load() >> genShift) }

// open starts a new use and returns its generation.
func (q *question) open() uint32 {
	gen := q.gen() + 1
	q.reset(uint64(gen)<<genShift | questionWaiting)
	return gen
}

// questionFor takes a question from the free list of the caller's own worker,
// else from the system's pool.
func (s *System) questionFor(l *local) *question {
	if l != nil && l.sys == s {
		if q := l.questions; q != nil {
			l.questions, q.free = q.free, nil
			l.spare--
			return q
		}
	}
	return s.questions.Get().(*question)
}

// maxSpare is how many questions a worker keeps; asks that cross workers let
// them pile up where the askers are.
const maxSpare = 64

// giveBack is the reverse of questionFor.
func (s *System) giveBack(l *local, q *question) {
	if l != nil && l.sys == s && l.spare < maxSpare {
		q.free, l.questions = l.questions, q
		l.spare++
		return
	}
	s.questions.Put(q)
}

// resolve answers use gen of the question. ErrAnswered: it has its answer;
// ErrLate: the asker has gone. w is the caller's own worker, if it is on one.
func (q *question) resolve(w *executor.Worker, gen uint32, answer any, err error) error {
	for {
		word := q.word.Load()
		if uint32(word>>genShift) != gen {
			return ErrAnswered // collected and recycled
		}
		stage := word & stageMask
		switch stage {
		case questionGivenUp:
			q.unhold(gen)
			return ErrLate
		case questionClaimed, questionDone:
			return ErrAnswered
		}
		if !q.word.CompareAndSwap(word, word&^stageMask|questionClaimed) {
			continue
		}
		q.answer, q.err = answer, err
		q.unhold(gen)
		if q.then != nil {
			q.deliver(w, gen) // nobody waits for it to be done
			return nil
		}
		q.word.Store(uint64(gen)<<genShift | questionDone)
		if stage == questionParked {
			q.wake <- struct{}{}
		}
		return nil
	}
}

// unhold takes the question out of the care of whoever holds it.
func (q *question) unhold(gen uint32) {
	if l := q.keeper.Load(); l != nil {
		q.keeper.Store(nil)
		l.letGo(q, gen)
	}
}

// pending reports whether use gen still waits for an answer.
func (q *question) pending(gen uint32) bool {
	w := q.word.Load()
	return uint32(w>>genShift) == gen && w&stageMask <= questionParked
}

func (q *question) done() bool { return q.word.Load()&stageMask == questionDone }

// wait returns when the question is done, or given up because ctx ended. The
// asker looks a few times before it parks, since most answers come within the
// time that a sleep costs.
func (q *question) wait(ctx context.Context) (answered bool) {
	for range 2 {
		if q.done() {
			return true
		}
		pause()
	}
	gen := q.gen()
	waiting, parked := uint64(gen)<<genShift|questionWaiting, uint64(gen)<<genShift|questionParked
	if !q.word.CompareAndSwap(waiting, parked) {
		return q.collect()
	}
	select {
	case <-q.wake:
		return true
	case <-ctx.Done():
	}
	if q.word.CompareAndSwap(parked, uint64(gen)<<genShift|questionGivenUp) {
		q.unhold(gen)
		return false
	}
	<-q.wake // somebody answered at the same moment
	return true
}

// collect waits out the few instructions between claim and done.
func (q *question) collect() bool {
	for !q.done() {
		pause()
	}
	return true
}

// take empties a done question and gives it back for reuse.
func (q *question) take(l *local) (any, error) {
	answer, err := q.answer, q.err
	q.answer, q.err = nil, nil
	if q.asker.Load() != nil {
		q.asker.Store(nil)
		q.holder.Store(nil)
	}
	q.sys.giveBack(l, q)
	return answer, err
}

// finished is called when its holder has done with the message that brought the
// question: unless it is answered or held, it never will be.
func (q *question) finished(w *executor.Worker, gen uint32) {
	if !q.pending(gen) {
		return
	}
	if l := q.keeper.Load(); l != nil && l.holds(q, gen) {
		return
	}
	_ = q.resolve(w, gen, nil, ErrUnanswered)
}

// fail answers with the failure of the process that has the question.
func (q *question) fail(gen uint32, p *process, reason error) {
	if q.pending(gen) {
		_ = q.resolve(nil, gen, nil, &FailedError{Path: p.path(), Reason: reason})
	}
}
