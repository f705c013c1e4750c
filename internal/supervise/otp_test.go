package supervise

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// otp is supervisor.erl once more, as it is written there: one synchronous function for each of its functions, no plans, no
// states in between. Where a contract row is marked + it says so. It is the model that the Machine is compared with.
type otp struct {
	strategy Strategy
	in       Intensity
	auto     AutoShutdown
	now      time.Time
	kids     []*otpKid // start order
	restarts []time.Time
	starts   func() bool // does the next start come up
	trace    []string
	over     bool
}

type otpKid struct {
	id      ID
	typ     Type
	key     bool // significant
	running bool
	stopped bool // + stopped on purpose stays stopped
}

func (o *otp) start(k *otpKid) bool {
	o.trace = append(o.trace, fmt.Sprint("start ", k.id))
	k.running = o.starts()
	return k.running
}

// initChildren is init_children.
func (o *otp) initChildren() {
	if _, failed := o.startChildren(o.kids); failed != nil {
		o.terminate()
	}
}

// startChildren is start_children: in order, up to the first that fails.
func (o *otp) startChildren(kids []*otpKid) (ok bool, failed *otpKid) {
	for _, k := range kids {
		if !k.stopped && !o.start(k) {
			return false, k
		}
	}
	return true, nil
}

// terminateChildren is terminate_children: in reverse; temporary ones are left out of what remains.
func (o *otp) terminateChildren(kids []*otpKid) {
	for _, k := range slices.Backward(slices.Clone(kids)) {
		if k.running {
			o.trace = append(o.trace, fmt.Sprint("stop ", k.id))
			k.running = false
			if k.typ == Temporary {
				o.delete(k)
			}
		}
	}
}

func (o *otp) terminate() {
	o.terminateChildren(o.kids)
	o.over = true
}

func (o *otp) delete(k *otpKid) {
	o.kids = slices.DeleteFunc(o.kids, func(x *otpKid) bool { return x == k })
}

// exit is restart_child and do_restart.
func (o *otp) exit(k *otpKid, class Class) {
	k.running = false
	switch {
	case k.typ == Permanent, k.typ == Transient && class == ClassAbnormal:
		o.restart(k)
		return
	case k.typ == Temporary:
		o.delete(k)
	}
	o.autoShutdown(k)
}

// autoShutdown is do_auto_shutdown.
func (o *otp) autoShutdown(k *otpKid) {
	alive := func(x *otpKid) bool { return x.running && x.key }
	switch {
	case o.auto == Never, !k.key, o.auto == AllSignificant && slices.ContainsFunc(o.kids, alive):
		return
	}
	o.terminate()
}

// startChild is start_child: a new child comes last, and is forgotten if it does not start.
func (o *otp) startChild(k *otpKid) {
	if o.start(k) {
		o.kids = append(o.kids, k)
	}
}

// restart is restart/2 with restart/3; what OTP posts to itself (try_again_restart) is a loop here.
func (o *otp) restart(k *otpKid) {
	for k != nil {
		o.restarts = append(o.restarts, o.now)
		n := 0
		for _, t := range o.restarts {
			if o.now.Sub(t) <= o.in.Within {
				n++
			}
		}
		if n > o.in.Max {
			o.terminate()
			return
		}
		set := []*otpKid{k}
		switch o.strategy {
		case OneForAll:
			set = o.kids
		case RestForOne:
			set = o.kids[slices.Index(o.kids, k):]
		}
		set = slices.Clone(set)
		o.terminateChildren(set)
		set = slices.DeleteFunc(set, func(x *otpKid) bool { return !slices.Contains(o.kids, x) })
		_, k = o.startChildren(set)
	}
}

// duel plays the same events to both and compares all starts and stops.
type duel struct {
	*otp
	m     *Machine
	luck  []bool // whether the n-th start comes up, the same for both
	used  [2]int
	trace []string
	last  ID
	ended bool
}

// kid draws a child as OTP allows it and declares it to the Machine.
func (d *duel) kid(t *rapid.T) *otpKid {
	d.last++
	k := &otpKid{id: d.last, typ: Type(rapid.IntRange(0, 2).Draw(t, "type"))}
	k.key = k.typ != Permanent && rapid.Bool().Draw(t, "significant")
	d.m.Declare(Child{ID: k.id, Type: k.typ, Significant: k.key}, 0)
	return k
}

// configure draws other rules, as a new version of a callback module brings them.
func (d *duel) configure(t *rapid.T) {
	d.strategy = Strategy(rapid.IntRange(0, 2).Draw(t, "strategy"))
	d.in = Intensity{Max: rapid.IntRange(0, 4).Draw(t, "max"), Within: 5 * time.Second}
	d.auto = rapid.SampledFrom([]AutoShutdown{Never, Never, AnySignificant, AllSignificant}).Draw(t, "auto")
	d.m.Configure(d.strategy, d.in, d.auto)
}

func newDuel(t *rapid.T) *duel {
	d := &duel{luck: rapid.SliceOfN(rapid.SampledFrom([]bool{true, true, true, true, false}), 200, 200).Draw(t, "luck")}
	d.otp = &otp{now: time.Unix(0, 0), starts: func() bool { return d.next(0) }}
	d.m = New(OneForOne, Intensity{})
	d.configure(t)
	for range rapid.IntRange(0, 6).Draw(t, "children") {
		d.kids = append(d.kids, d.kid(t))
	}
	return d
}

func (d *duel) next(side int) bool {
	d.used[side]++
	return d.luck[(d.used[side]-1)%len(d.luck)]
}

// play passes ev to the Machine and does at once what it asks for, as OTP does.
func (d *duel) play(ev Event) {
	for _, a := range slices.Clone(d.m.Step(d.now, ev)) {
		switch a.Kind {
		case ActStart:
			d.trace = append(d.trace, fmt.Sprint("start ", a.ID))
			kind := EvStartFailed
			if d.next(1) {
				kind = EvStarted
			}
			d.play(Event{Kind: kind, ID: a.ID, Class: ClassAbnormal})
		case ActStop:
			d.trace = append(d.trace, fmt.Sprint("stop ", a.ID))
			d.play(Event{Kind: EvExited, ID: a.ID, Class: ClassShutdown})
		case ActEnded:
			d.ended = true
		}
	}
}

// act plays one random event to both.
func (d *duel) act(t *rapid.T) {
	d.now = d.now.Add(time.Duration(rapid.IntRange(0, 4000).Draw(t, "ms")) * time.Millisecond)
	k := rapid.SampledFrom(d.kids).Draw(t, "child")
	switch do := rapid.IntRange(0, 11).Draw(t, "do"); {
	case do < 7 && k.running:
		class := rapid.SampledFrom([]Class{ClassAbnormal, ClassAbnormal, ClassNormal, ClassShutdown}).Draw(t, "class")
		d.play(Event{Kind: EvExited, ID: k.id, Class: class})
		d.exit(k, class)
	case do == 7: // terminate_child
		d.play(Event{Kind: EvStopChild, ID: k.id})
		d.terminateChildren([]*otpKid{k})
		k.stopped = true
	case do == 8 && !k.running: // restart_child
		d.play(Event{Kind: EvStartChild, ID: k.id})
		k.stopped = false
		if !d.start(k) && k.typ == Temporary {
			d.delete(k)
		}
	case do == 9 && !k.running: // delete_child
		d.play(Event{Kind: EvRemoveChild, ID: k.id})
		d.delete(k)
	case do == 10:
		n := d.kid(t)
		d.play(Event{Kind: EvStartChild, ID: n.id})
		if st, _ := d.m.Status(n.id); st == StatusDown { // the driver's part: it is forgotten
			d.play(Event{Kind: EvRemoveChild, ID: n.id})
		}
		d.startChild(n)
	case do == 11: // code_change
		d.configure(t)
	}
}

// TestAsOTP compares the Machine with a transcription of supervisor.erl (S1 to S5, S7 to S9): same starts, same stops, same
// order, same survivors, same end.
func TestAsOTP(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := newDuel(t)
		d.play(Event{Kind: EvBoot})
		d.initChildren()
		for range rapid.IntRange(0, 20).Draw(t, "steps") {
			if !d.over && len(d.kids) > 0 {
				d.act(t)
			}
		}
		if !d.over && rapid.Bool().Draw(t, "shutdown") {
			d.play(Event{Kind: EvShutdown})
			d.terminate()
		}
		if !slices.Equal(d.trace, d.otp.trace) || d.ended != d.over {
			t.Fatalf("machine: %v, ended %v\n    otp: %v, ended %v", d.trace, d.ended, d.otp.trace, d.over)
		}
		if d.over {
			return
		}
		for _, k := range d.kids {
			if st, _ := d.m.Status(k.id); (st == StatusUp) != k.running {
				t.Fatalf("%d is %v, in OTP running: %v", k.id, st, k.running)
			}
		}
		if n := len(d.m.Children(nil)); n != len(d.kids) {
			t.Fatalf("%d children, in OTP %d", n, len(d.kids))
		}
	})
}
