package supervise

import (
	"fmt"
	"slices"
	"time"
)

// world is a driver with a bad memory for orders and a good one for promises: it checks every action against what the
// contract allows, from the outside, without a look into the Machine.
type world struct {
	m         *Machine
	strategy  Strategy
	intensity Intensity
	now       time.Time

	kids map[ID]*kid
	next ID

	// doomed are the siblings that a failure has condemned and that have not come down yet (S5). A Move makes their
	// order a matter of when one looks, so it suspends the checks of order until the plan is over.
	doomed map[ID]bool
	failed []ID // whose failures condemned them
	moved  bool // or configured anew

	restarts []time.Time // the slow, obvious window
	ending   bool        // told to end, or decided to
	ended    int
	log      []string // what happened, for the report of a failure
}

type kid struct {
	typ      Type
	is       Status // as an observer of the actions sees it
	waiting  bool
	stopped  bool // ordered to stop, and not ordered to start since
	answered bool // has been given its Down since its last start
	gone     bool
}

func newWorld(s Strategy, in Intensity) *world {
	return &world{m: New(s, in), strategy: s, intensity: in, now: time.Unix(0, 0), kids: map[ID]*kid{}, doomed: map[ID]bool{}}
}

func (w *world) declare(c Child, before ID) ID {
	w.next++
	c.ID = w.next
	w.kids[c.ID] = &kid{typ: c.Type}
	w.m.Declare(c, before)
	return c.ID
}

// redeclare gives a child that is still known another policy.
func (w *world) redeclare(c Child) {
	if _, known := w.m.Status(c.ID); known {
		w.kids[c.ID].typ = c.Type
		w.m.Declare(c, 0)
	}
}

// configure changes the rules. What was condemned under the old ones stays condemned.
func (w *world) configure(s Strategy, in Intensity, auto AutoShutdown) {
	w.moved = len(w.doomed) > 0 || w.moved
	w.strategy, w.intensity = s, in
	w.m.Configure(s, in, auto)
	w.log = append(w.log, fmt.Sprint("configure ", s, " ", in, " ", auto))
}

// step passes the event and checks everything that comes out.
func (w *world) step(ev Event) (err error) {
	k := w.kids[ev.ID]
	switch ev.Kind {
	case EvStarted:
		if k.is == StatusStarting {
			k.is = StatusUp
		}
	case EvStartFailed, EvExited:
		k.is = StatusDown
		delete(w.doomed, ev.ID)
	case EvDue:
		k.waiting = false
	case EvStopChild, EvRemoveChild:
		k.stopped = true
	case EvStartChild, EvRestartChild:
		k.stopped = false
	case EvMove:
		w.moved = len(w.doomed) > 0 || w.moved
	case EvShutdown:
		w.ending = true
	}
	line := fmt.Sprint(ev.Kind, " ", ev.ID, ":")
	for _, a := range w.m.Step(w.now, ev) {
		line += fmt.Sprint(" ", a, ";")
		if e := w.check(a); e != nil && err == nil {
			err = fmt.Errorf("%v: %w", a, e)
		}
	}
	w.log = append(w.log, line)
	if len(w.doomed) == 0 {
		w.failed, w.moved = nil, false
	}
	return err
}

func (w *world) check(a Action) error {
	k := w.kids[a.ID]
	switch {
	case w.ended > 0:
		return fmt.Errorf("after the end")
	case k != nil && k.gone:
		return fmt.Errorf("it is forgotten")
	}
	switch a.Kind {
	case ActStart:
		return w.checkStart(a.ID, k)
	case ActStop:
		return w.checkStop(a.ID, k)
	case ActDelay:
		if k.is != StatusDown || k.waiting || w.ending {
			return fmt.Errorf("a wait for one that is %v (waiting %v)", k.is, k.waiting)
		}
		k.waiting = true
	case ActCancelDelay:
		if !k.waiting {
			return fmt.Errorf("it does not wait")
		}
		k.waiting = false
	case ActDown:
		if k.is != StatusDown || k.waiting {
			return fmt.Errorf("but it is %v (waiting %v)", k.is, k.waiting)
		}
		_, known := w.m.Status(a.ID) // an added child that did not start was never there
		k.answered, k.gone = true, a.Why == WhyForgotten || a.Why == WhyStartFailed && !known
	case ActRestarting:
		return w.checkRestart(a, k)
	case ActGiveUp:
		w.ending = true
		if a.End == EndIntensity && (w.inWindow()+1 <= w.intensity.Max || w.intensity.Exceeded != EndSupervisor) {
			return fmt.Errorf("only %d before it", w.inWindow())
		}
	case ActEnded:
		w.ended++
		return w.checkEnded()
	}
	return nil
}

func (w *world) checkStart(id ID, k *kid) error {
	switch {
	case w.ending:
		return fmt.Errorf("it is ending")
	case k.is != StatusDown:
		return fmt.Errorf("it is %v", k.is)
	case k.waiting:
		return fmt.Errorf("it waits")
	case k.stopped:
		return fmt.Errorf("it was stopped on purpose")
	}
	order := w.m.Children(nil)
	covered := w.strategy == OneForAll && !w.moved
	for _, f := range w.failed {
		at := slices.Index(order, f)
		covered = covered || !w.moved && at >= 0 && at <= slices.Index(order, id)
	}
	for d := range w.doomed {
		if covered {
			return fmt.Errorf("%d is not down yet", d)
		}
	}
	k.is, k.answered = StatusStarting, false
	return nil
}

func (w *world) checkStop(id ID, k *kid) error {
	if k.is != StatusStarting && k.is != StatusUp {
		return fmt.Errorf("it is %v", k.is)
	}
	k.is = StatusStopping
	order := w.m.Children(nil)
	for _, later := range order[slices.Index(order, id)+1:] {
		alive := w.kids[later].is != StatusDown
		if alive && w.ending || alive && w.doomed[id] && w.doomed[later] && !w.moved && !k.stopped {
			return fmt.Errorf("%d, after it in order, is still %v", later, w.kids[later].is)
		}
	}
	return nil
}

func (w *world) checkRestart(a Action, k *kid) error {
	id := a.ID
	if k.is != StatusDown || w.ending {
		return fmt.Errorf("it is %v", k.is)
	}
	w.restarts = append(w.restarts, w.now)
	late := w.intensity.Exceeded == RetryLater && a.For >= w.intensity.RetryAfter
	if w.inWindow() > w.intensity.Max && !late {
		return fmt.Errorf("one too many: %d", w.inWindow())
	}
	w.failed = append(w.failed, id)
	order := w.m.Children(nil)
	switch w.strategy {
	case OneForOne:
		order = nil
	case RestForOne:
		order = order[slices.Index(order, id):]
	}
	for _, s := range order {
		if w.kids[s].is != StatusDown {
			w.doomed[s] = true
		}
	}
	return nil
}

func (w *world) checkEnded() error {
	for id, k := range w.kids {
		if k.is != StatusDown || !k.answered {
			return fmt.Errorf("%d is %v, told its end: %v", id, k.is, k.answered)
		}
	}
	return nil
}

// inWindow counts the restarts that lie in the window, the slow way.
func (w *world) inWindow() int {
	n := 0
	for _, t := range w.restarts {
		if w.now.Sub(t) <= w.intensity.Within {
			n++
		}
	}
	return n
}

// open lists what the Machine waits for: one event for each start, stop or wait not answered yet, in order of ID.
func (w *world) open() []Event {
	var evs []Event
	for id := ID(1); id <= w.next; id++ {
		switch k := w.kids[id]; {
		case k.waiting:
			evs = append(evs, Event{Kind: EvDue, ID: id})
		case k.is == StatusStarting:
			evs = append(evs, Event{Kind: EvStarted, ID: id})
		case k.is == StatusStopping:
			evs = append(evs, Event{Kind: EvExited, ID: id, Class: ClassShutdown})
		}
	}
	return evs
}

// quiesce does what is asked until nothing is asked any more: every plan has an end.
func (w *world) quiesce() error {
	for range 10*len(w.kids) + 10 {
		evs := w.open()
		if len(evs) == 0 {
			return nil
		}
		for _, ev := range evs {
			if slices.Contains(w.open(), ev) {
				if err := w.step(ev); err != nil {
					return err
				}
			}
		}
	}
	return fmt.Errorf("no end in sight: %v", w.open())
}
