package bastion

import (
	"context"
	"iter"
	"slices"

	"github.com/bastion-go/bastion/executor"
)

// An Answer is what came of asking one of several processes.
type Answer[A any] struct {
	From  Ref   // who was asked
	Value A     // its answer, if Err is nil
	Err   error // one of those of Ask
}

// AskEach sends the same question to each of the processes, and only then waits:
// for one answer or error of each, in the order in which they come, until all are
// there or ctx ends. Breaking off gives the rest up; what they answer all the same
// goes to the dead letters, as any late answer does (contract D6).
//
//	for a := range bastion.AskEach(ctx, replicas, Price{Of: "tea"}) {
//		if a.Err == nil {
//			return a.Value // the first answer is enough
//		}
//	}
//
// The questions are asked when the loop begins, each time anew. Errors are those of
// Ask, each for its own process: one that is full or dead does not keep the others from being asked. A
// handler that waits gives its slot on. An ask is refused with ErrDeadlock if any of
// the processes waits for the asker, and so is one of theirs meanwhile, even where the answer of
// another would have been enough. The loop must stay on the goroutine it was begun on.
func AskEach[A any, Q Question[A]](ctx context.Context, to []Ref, question Q) iter.Seq[Answer[A]] {
	ctx = someContext(ctx)
	return func(yield func(Answer[A]) bool) {
		g := gather(ctx, len(to))
		defer g.end()
		for i, r := range to {
			a, err := g.begin(ctx, r)
			if err == nil {
				msg := armed[A](question, a.q, a.gen)
				if err = ErrNoQuestion; msg != nil {
					err = g.send(ctx, a, i, msg)
				}
			}
			if err != nil && !yield(Answer[A]{From: r, Err: err}) {
				return
			}
		}
		for len(g.open) > 0 {
			for _, o := range g.answered(ctx) {
				a := Answer[A]{From: to[o.i], Err: o.err}
				if o.err == nil {
					a.Value, _ = o.answer.(A)
				}
				if !yield(a) {
					return
				}
			}
		}
	}
}

// A gathering is one AskEach under way. It belongs to the goroutine of the asker;
// others only read what findRing needs, under askMu.
type gathering struct {
	c     *Context
	own   bool          // the process's own goroutine waits
	outer *gathering    // the one within whose loop this one is
	wake  chan struct{} // a token for each that is resolved
	open  []asked       // under askMu where it is written, for findRing
	out   []reply
}

// An asked is one question that waits.
type asked struct {
	i int // of the process in the list
	q *question
}

// A reply is what a question came to.
type reply struct {
	i      int
	answer any
	err    error
}

func gather(ctx context.Context, n int) *gathering {
	g := &gathering{c: contextOf(ctx), wake: make(chan struct{}, n)}
	g.own = g.c != nil && g.c.kind != contextGo && g.c.mine()
	if g.own {
		e := g.c.p.more()
		g.outer = e.gathers.Load()
		e.gathers.Store(g)
	}
	return g
}

// begin prepares an ask of one process. Its question is parked from the start, so
// that it is resolved with a token in any case, and is not used again.
func (g *gathering) begin(ctx context.Context, to Ref) (asking, error) {
	p := to.p
	if p == nil {
		return asking{}, ErrNoProcess
	}
	if err := ctx.Err(); err != nil {
		return asking{}, err
	}
	if !p.sys().begun() {
		return asking{}, ErrNotStarted
	}
	q := &question{sys: p.sys(), wake: g.wake}
	a := asking{to: p, c: g.c, own: g.own, q: q, gen: q.open()}
	q.lasts(ctx)
	q.move(questionWaiting, questionParked)
	return a, nil
}

func (g *gathering) send(ctx context.Context, a asking, i int, msg any) error {
	if err := g.admit(a, i); err != nil {
		return err
	}
	e := envelope{msg: msg, q: a.q, gen: a.gen}
	var err error
	if c := a.c; c != nil && c.sends && c.filters() {
		err = c.askEachThrough(ctx, a.to, e)
	} else {
		err = a.to.send(ctx, e)
	}
	if err != nil {
		g.forget(func(o asked) bool { return o.q == a.q })
		g.resolved(a.q, nil, err)
	}
	return err
}

// admit notes the ask among those that wait, unless it would close a ring.
func (g *gathering) admit(a asking, i int) error {
	if g.own {
		askMu.Lock()
		defer askMu.Unlock()
		if err := findRing(g.c.p, a.to); err != nil {
			return err
		}
		a.q.asker.Store(g.c.p)
		a.q.holder.Store(a.to)
	}
	g.open = append(g.open, asked{i, a.q})
	return nil
}

func (g *gathering) forget(which func(asked) bool) {
	if g.own {
		askMu.Lock()
		defer askMu.Unlock()
	}
	g.open = slices.DeleteFunc(g.open, which)
}

// answered waits until some are resolved, and returns them; all that are left when
// ctx ends.
func (g *gathering) answered(ctx context.Context) []reply {
	over := g.wait(ctx)
	g.out = g.out[:0]
	g.forget(func(o asked) bool {
		r := reply{i: o.i}
		switch {
		case o.q.done():
		case !over:
			return false
		case o.q.giveUp(questionParked):
			r.err = ctx.Err()
		default:
			o.q.collect() // answered at the same moment
		}
		if r.err == nil {
			r.answer, r.err = o.q.answer, o.q.err
		}
		g.resolved(o.q, r.answer, r.err)
		g.out = append(g.out, r)
		return true
	})
	return g.out
}

// resolved is for the trace of a seeded run.
func (g *gathering) resolved(q *question, answer any, err error) {
	if q.sys.seeded != nil {
		q.noteQuestion(PassageResolved, g.c, q.gen(), answer, err)
	}
}

// wait waits for a token, and reports whether ctx ended first.
func (g *gathering) wait(ctx context.Context) (over bool) {
	if g.own && g.c.kind == contextHandler {
		defer g.c.block()()
	}
	if sys := g.open[0].q.sys; sys.seeded != nil {
		switch sys.waits("answers", nil, executor.Filled(g.wake), done(ctx)) {
		case 0:
			<-g.wake
			return false
		case 1:
			return true
		}
	}
	select {
	case <-g.wake:
		return false
	case <-ctx.Done():
		return true
	}
}

// end gives up what is still open.
func (g *gathering) end() {
	if g.own {
		g.c.p.more().gathers.Store(g.outer)
	}
	for _, o := range g.open {
		o.q.giveUp(questionParked)
		g.resolved(o.q, nil, errGaveUp)
	}
}

// gathers is what the process's own goroutine waits for, if that are several.
func (p *process) gathers() *gathering {
	if e := p.ext.Load(); e != nil {
		return e.gathers.Load()
	}
	return nil
}

// way leads from p to the asker along those that wait for one another, ends included.
// askMu is held. What was looked at before leads nowhere.
func (p *process) way(asker *process, before map[*process]bool) []*process {
	if p == asker {
		return []*process{p}
	}
	if before[p] {
		return nil
	}
	before[p] = true
	next := []*process{p.waitsFor()}
	if g := p.gathers(); g != nil {
		for _, o := range g.open {
			next = append(next, o.q.pendingHolder())
		}
	}
	for _, n := range next {
		if n == nil {
			continue
		}
		if rest := n.way(asker, before); rest != nil {
			return append([]*process{p}, rest...)
		}
	}
	return nil
}

// pendingHolder is who has the question, if it is not resolved.
func (q *question) pendingHolder() *process {
	if q.word.Load()&stageMask > questionParked {
		return nil
	}
	return q.holder.Load()
}
