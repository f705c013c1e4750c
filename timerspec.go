package bastion

import "time"

// A TimerSpec says what a timer sends to whom, and when: after a time, at a time,
// or again and again.
type TimerSpec struct {
	// To is who gets the message. Zero: ErrNoProcess.
	To Ref
	// Message is sent as it is, every time the same value. Nil: ErrNilMessage.
	Message any
	// After is how long from now on the first message is sent. Zero: at once, or, with
	// Every, after one interval. Negative: at once.
	After time.Duration
	// At is when the message is sent by the clock on the wall, instead of After. What
	// has passed is at once.
	At time.Time
	// Every is the time between two messages, counted from when they are due. Zero: one
	// message. It goes with After only.
	Every time.Duration
	// On says when to send by the clock on the wall, again and again, instead of After,
	// At and Every.
	On Schedule
	// Survives makes the timer one of the process rather than of this incarnation: it
	// goes on through restarts, until the child is gone for good. Timers of the system
	// belong to nobody anyway.
	Survives bool
}

func (s *TimerSpec) check() error {
	switch {
	case s.Message == nil:
		return ErrNilMessage
	case s.To.p == nil:
		return ErrNoProcess
	}
	var f faults
	if s.Every < 0 {
		f.add("Every", "must not be negative, is %v", s.Every)
	}
	if s.On != nil && (s.After != 0 || !s.At.IsZero() || s.Every != 0) {
		f.add("On", "goes with neither After, At nor Every")
	}
	if !s.At.IsZero() && (s.After != 0 || s.Every != 0) {
		f.add("At", "goes with neither After nor Every")
	}
	return f.err()
}

// SendAfter sends msg to a process when d has passed on the system's clock, never
// earlier. Zero or negative: at once. The message is sent by this process, but in
// no order with what it tells: whatever it sends later may arrive before. Timers
// of one process send in the order of their time, and those due at the same time
// in the order in which they were set.
//
// The timer ends with this incarnation, as if stopped: nothing of it arrives
// after that, also not what waits in a mailbox, and the next incarnation begins
// without timers. SetTimer has one that survives.
//
// SendAfter returning nil does not say that the message will be accepted. It is in
// the books when it has been sent: as any other message, or, if the receiver has
// stopped, as discarded, and a dead letter. A timer that is stopped before is in no
// book. A message of a timer that waits is withdrawn by Stop.
//
// From any goroutine. ErrNilMessage. ErrNoProcess: the zero Ref. ErrEnded: this
// incarnation is over. The receiver may be of another system.
func (c *Context) SendAfter(d time.Duration, to Ref, msg any) (Timer, error) {
	switch {
	case msg == nil:
		return Timer{}, ErrNilMessage
	case to.p == nil:
		return Timer{}, ErrNoProcess
	}
	o := c.timerOwner()
	if o == nil {
		return Timer{}, ErrEnded
	}
	now := o.clock.now()
	return o.set(&timer{own: o, to: to.p, msg: msg}, later(now, d), now)
}

// SendAt is SendAfter for a time by the clock on the wall; one that has passed is
// at once. When that clock is set back, the message waits for it all the same; when
// it is set forward past the time, the message is sent within a minute.
func (c *Context) SendAt(at time.Time, to Ref, msg any) (Timer, error) {
	if at.IsZero() {
		return c.SendAfter(0, to, msg)
	}
	return c.SetTimer(TimerSpec{To: to, Message: msg, At: at})
}

// SendEvery is SendAfter again and again, first after one interval. Nothing
// drifts: the messages are due at multiples of the interval, however late they
// are sent or taken.
//
// At most one of them waits. While the receiver has not taken it, no other is
// sent; those that were due meanwhile are counted (Timer.Missed), and the next
// comes at the next multiple after it was taken. When the receiver is gone for
// good, the next message is a dead letter and the last. An interval that is not
// positive is a *SpecError.
func (c *Context) SendEvery(interval time.Duration, to Ref, msg any) (Timer, error) {
	if interval <= 0 {
		return Timer{}, &SpecError{Faults: []string{"Every: must be positive, is " + interval.String()}}
	}
	return c.SetTimer(TimerSpec{To: to, Message: msg, Every: interval})
}

// SetTimer sets a timer of any kind: SendAfter, SendAt and SendEvery are short for
// it, and say what holds. With On it sends whenever the Schedule says, and like
// SendEvery lets at most one message wait. A schedule that panics, that has no
// next time, or whose next time is not later ends the timer; the log says so,
// except of the second.
//
// From any goroutine. ErrNilMessage, ErrNoProcess and ErrEnded as SendAfter, and
// *SpecError.
func (c *Context) SetTimer(spec TimerSpec) (Timer, error) {
	if err := spec.check(); err != nil {
		return Timer{}, err
	}
	o := c.timerOwner()
	switch {
	case o == nil || o.ended():
		return Timer{}, ErrEnded
	case spec.Survives:
		o = c.p.keeper()
	}
	return o.setSpec(&spec)
}

// SetTimer is Context.SetTimer for a timer that ends with the system, and whose
// messages come from nobody. ErrNotStarted: before Start. ErrStopped: the system
// has stopped, and with it all timers.
func (s *System) SetTimer(spec TimerSpec) (Timer, error) {
	if err := spec.check(); err != nil {
		return Timer{}, err
	}
	if !s.begun() {
		return Timer{}, ErrNotStarted
	}
	return s.timers.setSpec(&spec)
}

func (o *timerOwner) setSpec(spec *TimerSpec) (Timer, error) {
	c := o.clock
	t := &timer{own: o, to: spec.To.p, msg: spec.Message}
	now := c.now()
	due := later(now, spec.After)
	if spec.On != nil || spec.Every > 0 || !spec.At.IsZero() {
		t.again = &recurrence{t: t, every: spec.Every, schedule: spec.On, wall: spec.At.Round(0)}
		t.again.task.Init(t.again)
	}
	if spec.On != nil {
		from := c.wall()
		t.again.wall = spec.On.Next(from).Round(0)
		if !t.again.wall.After(from) {
			return Timer{}, &SpecError{Faults: []string{"On: has no next time"}}
		}
	}
	switch {
	case t.again == nil:
	case !t.again.wall.IsZero():
		due = c.untilWall(t.again.wall, now)
	case spec.After == 0:
		due = later(now, spec.Every)
	}
	return o.set(t, due, now)
}

// set queues a new timer.
func (o *timerOwner) set(t *timer, due, now int64) (Timer, error) {
	c := o.clock
	c.mu.Lock()
	if err := o.refuses(); err != nil {
		c.mu.Unlock()
		return Timer{}, err
	}
	ring := c.put(t, due, now)
	c.mu.Unlock()
	c.start(ring)
	return Timer{t}, nil
}
