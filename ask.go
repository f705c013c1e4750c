package bastion

import (
	"context"
	"reflect"
	"runtime"
	"unsafe"

	"github.com/bastion-go/bastion/executor"
)

// Returns makes a message a question whose answer is an A. Embed it by value:
//
//	type Total struct{ bastion.Returns[int] }
//
// Ask puts a token into its copy of the question; Reply answers that question
// and no other, from any goroutine, whatever Context it is given.
type Returns[A any] struct {
	q   *question
	gen uint32
}

// A Question is a message that embeds Returns[A].
type Question[A any] interface {
	returns() A
}

func (r Returns[A]) returns() (a A) { return a }

func (r *Returns[A]) arm(q *question, gen uint32) { r.q, r.gen = q, gen }

// Reply answers the question. ErrNoQuestion: the message was told, not asked.
// ErrAnswered: it has its answer already. ErrLate: the asker does not wait any
// more; the answer goes to the dead letters. ErrEnded: ctx belongs to an
// incarnation that is over. The answer is shared with the asker.
func (r Returns[A]) Reply(ctx context.Context, answer A) error { return r.resolve(ctx, answer, nil) }

// Fail answers the question with an error, which Ask returns. Otherwise it is as Reply.
func (r Returns[A]) Fail(ctx context.Context, err error) error {
	if err == nil {
		return ErrNilMessage
	}
	return r.resolve(ctx, nil, err)
}

func (r Returns[A]) resolve(ctx context.Context, answer any, err error) error {
	if r.q == nil {
		return ErrNoQuestion
	}
	var c *Context
	var w *executor.Worker
	if ctx != nil {
		c, _, w = origin(ctx)
	}
	if c != nil && c.ended() {
		return ErrEnded
	}
	out := r.q.resolve(w, r.gen, answer, err)
	if out == ErrLate && err == nil {
		d := DeadLetter{Message: answer, Reason: ErrLate}
		if c != nil {
			d.Sender = Ref{c.p}
		}
		r.q.sys.deadLetter(d)
	}
	return out
}

// Hold keeps the question beyond the handling of the message that brought it, so
// that it can be answered later. Without it a question that is not answered when
// the handler returns (or the loop receives again) fails with ErrUnanswered. A
// held question fails when the incarnation ends. ctx must be the process's that
// has it: ErrNoMessage otherwise.
func (r Returns[A]) Hold(ctx context.Context) error {
	if r.q == nil {
		return ErrNoQuestion
	}
	c := contextOf(ctx)
	if c == nil || c.ended() {
		return ErrNoMessage
	}
	if !r.q.pending(r.gen) {
		return ErrAnswered
	}
	l := c.more()
	if !l.hold(r.q, r.gen) {
		return ErrEnded
	}
	r.q.keeper.Store(l)
	return nil
}

// contextOf is the Context that ctx is or is derived from; nil for outside.
func contextOf(ctx context.Context) *Context {
	if ctx == nil {
		return nil
	}
	if c, ok := ctx.(*Context); ok {
		if c.nobody() {
			return nil
		}
		return c
	}
	c, _ := ctx.Value(contextKey{}).(*Context)
	return c
}

// someContext is ctx, or one that never ends if ctx is nil or a *Context that the
// runtime did not make.
func someContext(ctx context.Context) context.Context {
	if c, ok := ctx.(*Context); ctx == nil || ok && c.nobody() {
		return context.Background()
	}
	return ctx
}

// armed returns the question as a message with its token in it. The token goes
// into the one copy that travels: boxing an armed copy would be a second
// allocation. A Q embeds Returns and is therefore never pointer-shaped, so an
// interface that holds one is its type and a pointer to it; reflect.Type is that
// same type word behind a method table. TestArmed pins both.
func armed[A any, Q Question[A]](question Q, q *question, gen uint32) any {
	boxed := new(Q)
	*boxed = question
	token, ok := any(boxed).(armer)
	if !ok {
		return nil
	}
	token.arm(q, gen)
	type eface struct{ typ, data unsafe.Pointer }
	t := reflect.TypeFor[Q]()
	var msg any
	*(*eface)(unsafe.Pointer(&msg)) = eface{(*eface)(unsafe.Pointer(&t)).data, unsafe.Pointer(boxed)}
	return msg
}

type armer interface{ arm(q *question, gen uint32) }

// Ask sends the question and waits for its answer, for an error, or for ctx to
// end, whichever is first; exactly one of them (contract D6). A handler that
// asks gives its slot on while it waits.
//
// Errors: those of Tell; ErrNotStarted before the system runs; ErrStopped when
// the receiver stops for good, or drops its mailbox at a restart; a FailedError
// when it fails with the question; ErrUnanswered, ErrUnhandled, or what Fail was
// given; an ErrDeadlock when the ask would close a ring of processes that wait for
// one another; ErrNoQuestion when the question is a pointer; ctx.Err.
func Ask[A any, Q Question[A]](ctx context.Context, to Ref, question Q) (A, error) {
	ctx = someContext(ctx)
	a, err := beginAsk(ctx, to)
	if err != nil {
		var zero A
		return zero, err
	}
	if a.c != nil && a.c.sends && a.c.filters() {
		a.abort()
		return askThrough[A](a.c.more().traffic.send, ctx, Outgoing{To: to, Message: question}, askInside[A, Q])
	}
	return pose[A](ctx, &a, question, Header{})
}

// pose sends the question of an asking that has begun, and waits for the answer.
func pose[A any, Q Question[A]](ctx context.Context, a *asking, question Q, h Header) (A, error) {
	var zero A
	msg := armed[A](question, a.q, a.gen)
	if msg == nil {
		a.abort()
		return zero, ErrNoQuestion
	}
	answer, err := a.run(ctx, msg, h)
	if err != nil {
		return zero, err
	}
	typed, _ := answer.(A)
	return typed, nil
}

// An asking is one Ask under way.
type asking struct {
	to   *process
	c    *Context // the asking process's; nil from outside
	own  bool     // the process's own goroutine waits
	q    *question
	gen  uint32
	kind uint8 // of its message
	sent bool  // the receiver has accepted it
}

func beginAsk(ctx context.Context, to Ref) (asking, error) {
	p := to.p
	if p == nil {
		return asking{}, ErrNoProcess
	}
	if err := ctx.Err(); err != nil {
		return asking{}, err
	}
	sys := p.sys()
	if !sys.begun() {
		return asking{}, ErrNotStarted
	}
	a := asking{to: p, c: contextOf(ctx)}
	if a.c != nil {
		a.own = a.c.kind != contextGo && a.c.mine()
	}
	a.q = sys.questionFor(nil)
	a.gen = a.q.open()
	a.q.lasts(ctx)
	return a, nil
}

// abort takes back a question that was not sent.
func (a *asking) abort() { _, _ = a.q.take(nil) }

func (a *asking) run(ctx context.Context, msg any, h Header) (any, error) {
	q := a.q
	if a.own {
		if err := a.enterRing(); err != nil {
			a.abort()
			return nil, err
		}
	}
	e := envelope{msg: msg, q: q, gen: a.gen, kind: a.kind}
	if h.last != nil {
		h.onto(&e)
	}
	err := a.to.send(ctx, e)
	a.sent = err == nil
	answered := a.sent && a.wait(ctx)
	if a.own {
		a.leaveRing() // before the question is recycled: it must not lead others astray
	}
	var answer any
	switch {
	case err != nil:
		a.abort()
	case !answered:
		err = ctx.Err()
	default:
		answer, err = q.take(nil)
	}
	if q.sys.seeded != nil {
		q.noteQuestion(PassageResolved, a.c, a.gen, answer, err)
	}
	return answer, err
}

func (a *asking) wait(ctx context.Context) bool {
	if a.own && a.c.kind == contextHandler {
		defer a.c.block()()
	}
	return a.q.wait(ctx, a.to)
}

func pause() { runtime.Gosched() }
