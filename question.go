package bastion

import (
	"context"
	"sync/atomic"

	"github.com/bastion-go/bastion/executor"
	"github.com/bastion-go/bastion/internal/relaxed"
)

// A question is the place where one ask waits for its answer. It is recycled
// after an answer was collected, and the generation tells its uses apart: a
// reply with an old token can never answer a later ask. It is not recycled when
// the asker gave up, because the token may still be about.
type question struct {
	// word is the generation (upper half), how often the question was forwarded,
	// and the stage. Written by the asker (open, park, give up, recycle), by whoever
	// forwards it, and by whoever answers (claim, done); every change that two may
	// attempt is a CAS.
	word atomic.Uint64

	answer any   // written between claim and done
	err    error // likewise

	wake  chan struct{} // one token, for a parked asker
	sys   *System
	asker atomic.Pointer[process] // whose own goroutine waits, for finding rings; nil otherwise
	// holder is the process that has the question, for finding rings, and set only
	// if there is an asker. Written by whoever sends or forwards it, before that.
	holder atomic.Pointer[process]
	keeper atomic.Pointer[life] // the incarnation that holds it, or attends to it
	until  relaxed.Uint64       // the asker's deadline, nanoseconds, or 0; written by the asker before it is sent

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
	hopShift  = 8
	genShift  = 32
)

func newQuestion(sys *System) *question { return &question{sys: sys, wake: make(chan struct{}, 1)} }

func (q *question) gen() uint32 { return uint32(q.word.Load() >> genShift) }

// open starts a new use and returns its generation.
func (q *question) open() uint32 {
	gen := q.gen() + 1
	q.reset(uint64(gen) << genShift) // waiting is 0
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
	if q.sys.seeded != nil {
		q.noteQuestion(PassageAnswered, nil, gen, answer, err)
	}
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
func (q *question) wait(ctx context.Context, to *process) (answered bool) {
	if q.sys.seeded != nil {
		switch q.sys.waits("an answer from", Ref{to}, q.done, done(ctx)) {
		case 0:
			return true
		case 1:
			return !q.giveUp(questionWaiting) && q.collect()
		}
	}
	for range 2 {
		if q.done() {
			return true
		}
		pause()
	}
	if !q.move(questionWaiting, questionParked) {
		return q.collect()
	}
	select {
	case <-q.wake:
		return true
	case <-ctx.Done():
	}
	if q.giveUp(questionParked) {
		return false
	}
	<-q.wake // somebody answered at the same moment
	return true
}

// giveUp is the asker's end of the wait. False: it has its answer, or will in a
// moment.
func (q *question) giveUp(from uint64) bool {
	if !q.move(from, questionGivenUp) {
		return false
	}
	q.unhold(q.gen())
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

// has reports whether the question still waits and is still with the message e:
// it has not been forwarded since. The envelope itself is never written to after
// it was sent, because whoever abandons its receiver reads it.
func (q *question) has(e *envelope) bool {
	w := q.word.Load()
	return w&stageMask <= questionParked && w&^stageMask == e.token()
}

// token is the word of a question, but for the stage, while it is with e.
func (e *envelope) token() uint64 { return uint64(e.gen)<<genShift | uint64(e.hops)<<hopShift }

// hop moves the question on from the message e; back takes that back. False: it
// is not there any more.
func (q *question) hop(e *envelope, back bool) bool {
	next := *e
	next.hops++ // comes round after 65,536, as it does in what is sent
	from, to := e.token(), next.token()
	if back {
		from, to = to, from
	}
	for {
		w := q.word.Load()
		if w&stageMask > questionParked || w&^stageMask != from {
			return false
		}
		if q.word.CompareAndSwap(w, to|w&stageMask) {
			return true
		}
	}
}

// move is the asker's own step from one stage to the next. False: somebody has
// answered.
func (q *question) move(from, to uint64) bool {
	for {
		w := q.word.Load()
		if w&stageMask != from {
			return false
		}
		if q.word.CompareAndSwap(w, w&^stageMask|to) {
			return true
		}
	}
}

// finished is called when its holder has done with the message that brought the
// question: unless it is answered or held, it never will be.
func (q *question) finished(w *executor.Worker, e *envelope) {
	if !q.has(e) {
		return
	}
	if l := q.keeper.Load(); l != nil && l.holds(q, e.gen) {
		return
	}
	_ = q.resolve(w, e.gen, nil, ErrUnanswered)
}

// fail answers with the failure of the process that has the question.
func (q *question) fail(e *envelope, p *process, reason error) {
	if q.has(e) {
		_ = q.resolve(nil, e.gen, nil, &FailedError{Path: p.path(), Reason: reason})
	}
}
