package bastion

import "sync/atomic"

// A timerOwner is what timers end with: an incarnation, a process, or the system.
type timerOwner struct {
	clock *clockwork
	p     *process // nil: the system
	inc   uint32   // 0: whatever incarnation there is
	// over is set at its end, under the clockwork's mu. Read under mu when a timer is
	// set, which is refused then; and without, when one is taken out of a mailbox.
	over    atomic.Bool
	pending atomic.Int64 // timers that have not sent yet, those that wait for their receiver left out; written under mu, read by the inspector
}

// ended reports whether nothing of the owner's timers may be handed out any more.
// Of an incarnation the state word says so first.
func (o *timerOwner) ended() bool {
	return o.over.Load() || o.inc > 0 && lifeEnded(o.p.state.load(), o.inc)
}

func lifeEnded(word uint64, inc uint32) bool {
	return lifeOf(word) != inc || phaseOf(word) == phaseDown
}

// refuses is why the owner can have no more timers; nil if it can.
func (o *timerOwner) refuses() error {
	switch {
	case o.inc > 0 && o.ended():
		return ErrEnded
	case o.over.Load() || o.clock.closed || o.p != nil && o.p.box.IsShut():
		return ErrStopped
	}
	return nil
}

// end lets all its timers go. There may be a million, so nobody looks for them:
// they are recognised when their time comes, or when there are too many of them.
func (o *timerOwner) end() {
	c := o.clock
	c.mu.Lock()
	defer c.mu.Unlock()
	if o.over.Swap(true) {
		return
	}
	if c.wheel.Orphan(int(o.pending.Swap(0))) {
		c.wheel.Sweep()
	}
}

// timerOwner is the owner of what this incarnation sets; nil: it has ended, and the
// next has set something. Whoever ends an
// incarnation writes the state word and then looks for an owner; whoever makes one
// publishes it and then looks at the state word: one sees the other.
func (c *Context) timerOwner() *timerOwner {
	e := c.p.more()
	for {
		old := e.timers.Load()
		if old != nil && old.inc > c.inc {
			return nil
		}
		if old != nil && old.inc == c.inc {
			return old
		}
		o := &timerOwner{clock: c.p.sys().clockworkOf(c.p), p: c.p, inc: c.inc}
		if e.timers.CompareAndSwap(old, o) {
			return o
		}
	}
}

// keeper is the owner of timers that outlive their incarnation.
func (p *process) keeper() *timerOwner {
	e := p.more()
	if o := e.kept.Load(); o != nil {
		return o
	}
	e.kept.CompareAndSwap(nil, &timerOwner{clock: p.sys().clockworkOf(p), p: p})
	return e.kept.Load()
}

// endTimers ends the timers of an incarnation that is down.
func (p *process) endTimers(inc uint32) {
	if e := p.ext.Load(); e != nil {
		if o := e.timers.Load(); o != nil && o.inc == inc {
			o.end()
		}
	}
}

// endKept ends the timers of a process that is gone for good.
func (p *process) endKept() {
	if e := p.ext.Load(); e != nil {
		if o := e.kept.Load(); o != nil {
			o.end()
		}
	}
}

// timersSet is how many timers the present incarnation and the process itself have set.
func (p *process) timersSet() int {
	e := p.ext.Load()
	if e == nil {
		return 0
	}
	n := int64(0)
	for _, o := range [...]*timerOwner{e.timers.Load(), e.kept.Load()} {
		if o != nil {
			n += o.pending.Load()
		}
	}
	return int(n)
}
