package bastion

import "github.com/bastion-go/bastion/executor"

// A farewell lets all know who are tied to a process that an incarnation of it
// has ended, or that it is gone for good. It goes in portions, since there may be
// very many, and the supervisor hears of the end when it is done: so a Down comes
// before anything that the next incarnation does.
type farewell struct {
	p      *process
	inc    uint32
	reason error
	gone   bool
	made   *chain // what the incarnation watched
	on     *chain // who watches
	until  *chain // who waited for the end for good
	then   *event // posted to the parent at the end; nil: nothing
	task   executor.Task
}

// farewellPortion is how many a farewell deals with before others get a turn.
const farewellPortion = 64

// part begins the farewell of an incarnation that is down; nil if nobody is
// concerned. Whoever brought it down calls it, once.
func (p *process) part(inc uint32, reason error) *farewell {
	p.endTimers(inc)
	t := p.tied()
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	made, on := t.made, t.on
	t.trap, t.alive, t.last = false, 0, parting(reason)
	t.links, t.made, t.on = nil, nil, nil
	if made.len()+on.len() == 0 {
		return nil
	}
	return &farewell{p: p, inc: inc, reason: t.last, made: made, on: on}
}

// depart begins the farewell of a process that is gone for good; nil if nobody is
// concerned.
func (p *process) depart(reason error) *farewell {
	p.endKept()
	t := p.tied()
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.on.len()+t.until.len() == 0 {
		return nil
	}
	f := &farewell{p: p, inc: lifeOf(p.state.load()), gone: true, on: t.on, until: t.until}
	t.on, t.until = nil, nil
	switch {
	case t.last != nil:
		f.reason = t.last
	case f.inc == 0:
		f.reason = ErrNoProcess
	default:
		f.reason = parting(reason)
	}
	return f
}

// say does the first portion on the spot, and reports whether that was all; if
// not, the rest is done by the executor, which then posts ev.
func (f *farewell) say(ev *event) (done bool) {
	if f == nil {
		return true
	}
	for !f.portion() {
		if f.p.sys().executes() {
			if ev != nil {
				late := *ev
				late.w = nil
				f.then = &late
			}
			f.task.Init(f)
			f.p.sys().exec.Submit(&f.task)
			return false
		}
	}
	return true
}

// Run is called by the executor.
func (f *farewell) Run(w *executor.Worker) (again bool) {
	if !f.portion() {
		return true
	}
	if f.then != nil {
		f.p.plan.parent.post(*f.then)
		f.p.sys().journal.workOff(w)
	}
	return false
}

// portion deals with some, and reports whether that were all.
func (f *farewell) portion() (done bool) {
	for range farewellPortion {
		w, what := f.next()
		if w != nil && !f.gone { // a departure is under its supervisor's lock
			f.p.sys().point()
		}
		switch {
		case w == nil:
			return true
		case what == tellEnd:
			w.fire(f.inc, f.reason, f.gone)
		case what == tellNone:
			w.fire(f.inc, ErrNoProcess, true)
		case what == letGo:
			w.cancel()
		case what == letRest:
			w.retire()
		}
	}
	return false
}

// What a farewell does with a tie.
type tidings uint8

const (
	tellNothing tidings = iota // this end does not concern it
	tellEnd
	tellNone // it waited for another incarnation, and there will be none
	letGo    // its owner has ended
	letRest  // it will not fire any more; what it has said stays said
)

// next takes out one tie and says what is to be done with it. It puts back
// those that go on.
func (f *farewell) next() (*tie, tidings) {
	t := f.p.ties()
	t.mu.Lock()
	defer t.mu.Unlock()
	if w := f.until.pop(); w != nil {
		return w, tellEnd
	}
	w := f.on.pop()
	switch {
	case w == nil:
		return f.made.pop(), letGo
	case f.gone && w.span == EachIncarnation:
		return w, letRest
	case f.gone:
		return w, tellNone
	case w.since > f.inc:
		w.there.hang(&t.on)
		return w, tellNothing
	case w.span == EachIncarnation:
		w.there.hang(&t.on)
	}
	return w, tellEnd
}
