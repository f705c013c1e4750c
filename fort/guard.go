package fort

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"syscall"
	"time"

	"github.com/bastion-go/bastion/fort/internal/decide"
)

// A guard acts on what package decide says. All its state belongs to the goroutine
// of run; others post functions to it.
type guard struct {
	config  Config
	program program
	log     *slog.Logger
	watch   func(Event) // the caller's, under Run
	rest    func()      // between two crashes; nil: nothing to do

	machine  *decide.Machine
	wards    map[int]*ward
	keeper   keeper
	reports  reports
	reaper   *reaper // nil: this is not process 1
	oom      *oomCounter
	notifier *notifier // nil: nobody wants to know

	crashes   map[int]*Crash // the last of each slot
	why       *Crash         // what the fort gave up for
	upgrading bool
	upgrade   []func(error) // who wait for the upgrade
	failed    *Crash        // of the upgrade's ward

	pending []decide.Event // what performing actions led to
	calls   chan func()
	over    chan struct{} // closed when run returns: nobody posts any more
	wake    *time.Timer
	status  int
}

// A program is what a guard starts wards of.
type program interface {
	// start runs one. Its end, and what it says meanwhile, are posted to the guard.
	start(g *guard, w *ward) error
	// upgraded says that the wards started anew are the program now, or have failed.
	upgraded(done bool)
}

func newGuard(config Config, p program, log *slog.Logger) *guard {
	g := &guard{
		config:  config,
		program: p,
		log:     log,
		machine: decide.New(config.plan()),
		wards:   map[int]*ward{},
		crashes: map[int]*Crash{},
		calls:   make(chan func(), 64),
		over:    make(chan struct{}),
		wake:    time.NewTimer(time.Hour),
		oom:     newOOMCounter(),
		reports: reports{dir: config.CrashDir, keep: config.KeepCrashes, log: log},
	}
	g.keeper = keeper{held: map[string]*held{}}
	return g
}

// plan changes the policy, before run.
func (g *guard) plan(change func(*decide.Policy)) {
	p := g.config.plan()
	change(&p)
	g.machine = decide.New(p)
}

// post has f run on the guard's goroutine. After the end it is not run.
func (g *guard) post(f func()) {
	select {
	case g.calls <- f:
	case <-g.over:
	}
}

// run guards until everything is down, and returns the status.
func (g *guard) run(signals <-chan os.Signal) int {
	g.step(decide.Event{Kind: decide.Boot})
	always := make(chan struct{})
	close(always)
	for g.machine != nil {
		var more chan struct{}
		if len(g.pending) > 0 {
			more = always
		}
		select {
		case <-more:
			ev := g.pending[0]
			g.pending = g.pending[1:]
			g.step(ev)
		case f := <-g.calls:
			f()
		case s := <-signals:
			g.signal(s)
		case <-g.notifier.due():
			g.notifier.alive()
		case <-g.wake.C:
			// What has arrived already counts before what has not arrived in time. What
			// comes meanwhile does not: somebody may talk without end.
			for range len(g.calls) {
				(<-g.calls)()
			}
			g.step(decide.Event{Kind: decide.Tick})
		}
	}
	close(g.over)
	g.wake.Stop()
	g.keeper.close()
	g.notifier.close()
	return g.status
}

func (g *guard) step(ev decide.Event) {
	if g.machine == nil {
		return
	}
	if ev.Kind == decide.Finish {
		g.notifier.stopping()
	}
	ev.Jitter = rand.Float64()
	// Performing an action may call for another step, as a start that fails does. Those
	// wait for their turn, among all that comes from elsewhere: a program that cannot
	// be started must not keep a signal from being heard.
	for _, a := range g.machine.Step(time.Now(), ev) {
		if ev, more := g.act(a); more {
			g.pending = append(g.pending, ev)
		}
	}
	if g.machine == nil {
		return
	}
	if at := g.machine.Next(); at.IsZero() {
		g.wake.Stop()
	} else {
		g.wake.Reset(max(time.Until(at), 0))
	}
}

// act performs one action. What it leads to at once is the event.
func (g *guard) act(a decide.Action) (decide.Event, bool) {
	w := g.wards[a.Ward]
	switch a.Kind {
	case decide.Start:
		return g.start(a)
	case decide.Upgraded:
		g.upgraded(a.Text)
		return decide.Event{}, false
	case decide.DropSockets:
		g.keeper.dropUnclaimed()
		return decide.Event{}, false
	case decide.End:
		g.status, g.machine = a.Exit, nil
		return decide.Event{}, false
	}
	if w == nil {
		return decide.Event{}, false
	}
	switch a.Kind {
	case decide.Signal:
		g.tell(Event{Kind: Stopping, Ward: w.slot, Incarnation: w.incarnation, PID: w.pid()})
		w.signal(syscall.Signal(a.Signal))
	case decide.Stop:
		g.tell(Event{Kind: Stopping, Ward: w.slot, Incarnation: w.incarnation, PID: w.pid()})
		w.profile = w.stop(a.Reason, g.profilePath(w, a.Reason))
	case decide.Dump:
		g.log.Warn("fort: "+causes[a.Cause].reason, "ward", w.slot, "incarnation", w.incarnation, "pid", w.pid(), "why", w.said)
		w.signal(syscall.SIGQUIT)
		w.signal(resume) // one that is suspended cannot hear
	case decide.Kill:
		w.killedAt = time.Now()
		w.kill()
	case decide.Abandon:
		g.log.Error("fort: SIGKILL does not end it: it hangs in the kernel and is left behind", "pid", w.pid())
		w.abandoned = true
	case decide.Ping:
		w.ping()
	case decide.Measure:
		return w.measure()
	case decide.Crashed:
		g.crashed(w, a)
	case decide.Ended:
		g.gone(w)
	}
	return decide.Event{}, false
}

// start starts a ward. What cannot be started has ended.
func (g *guard) start(a decide.Action) (decide.Event, bool) {
	w := &ward{id: a.Ward, slot: a.Slot, incarnation: a.Incarnation, guard: g, anew: a.Anew, started: time.Now()}
	g.wards[w.id] = w
	if a.After {
		w.before = g.crashes[w.slot]
	}
	if err := g.program.start(g, w); err != nil {
		w.end.said, w.end.cause, w.end.status = err.Error(), decide.StartFailed, decide.Status{Code: shellCode(err)}
		return decide.Event{Kind: decide.Exited, Ward: w.id, Cause: decide.StartFailed, Status: w.end.status}, true
	}
	g.tell(Event{Kind: Started, Ward: w.slot, Incarnation: w.incarnation, PID: w.pid()})
	if !w.ready {
		return decide.Event{}, false
	}
	g.tell(Event{Kind: Serving, Ward: w.slot, Incarnation: w.incarnation, PID: w.pid()})
	return decide.Event{Kind: decide.Ready, Ward: w.id}, true
}

// exited is posted when a ward's process is gone and all that it said was heard.
func (g *guard) exited(w *ward, end ending) {
	if w.abandoned {
		return
	}
	end.said = join2(w.said, end.said)
	if end.status.Signal == int(syscall.SIGKILL) && w.killedAt.IsZero() && g.oom.rose() {
		end.oom = true
	}
	w.end = end
	g.step(decide.Event{Kind: decide.Exited, Ward: w.id, Status: end.status})
}

func join2(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}

// gone forgets a ward.
func (g *guard) gone(w *ward) {
	delete(g.wards, w.id)
	g.keeper.gone(w)
	g.tell(Event{Kind: Ended, Ward: w.slot, Incarnation: w.incarnation, PID: w.pid()})
	g.reap()
}

func (g *guard) crashed(w *ward, a decide.Action) {
	w.end.cause = a.Cause
	c := &Crash{
		Ward: w.slot, Incarnation: w.incarnation, PID: w.pid(), Started: w.started, Ended: time.Now(),
		Status: w.end.status.Shell(), Restarts: a.Restarts, Profile: w.profile, Delay: a.Delay, GaveUp: a.GaveUp,
	}
	c.Kind, c.Reason = diagnose(w.end)
	if a.Cause == 0 && !w.killedAt.IsZero() {
		c.Kind, c.Reason = NotStopped, "did not stop in time and was killed"
	}
	if c.Profile != "" && !exists(c.Profile) {
		c.Profile = ""
	}
	c.Output = w.end.output
	c.File = g.reports.save(c)
	c.Output = shorten(c.Output, maxOutput)
	g.crashes[w.slot] = c
	if a.GaveUp {
		g.why = c
	}
	if !a.Waits && !a.GaveUp {
		g.failed = c
	}
	delete(g.wards, w.id)
	g.keeper.gone(w)
	g.log.Error("fort: crash", "crash", c)
	if a.GaveUp {
		g.notifier.stopping()
		g.log.Error(fmt.Sprintf("fort: giving up: more than %s", g.config.Intensity.plain()))
	}
	g.tell(Event{Kind: Crashed, Ward: w.slot, Incarnation: w.incarnation, PID: c.PID, Crash: c})
	g.reap()
}

// maxOutput is how much of a crash's output the guard keeps and passes on. The
// file has more of it.
const maxOutput = 32 << 10

func (g *guard) ready(w *ward) {
	if g.wards[w.id] != w || w.ready {
		return
	}
	w.ready, w.said = true, ""
	g.tell(Event{Kind: Serving, Ward: w.slot, Incarnation: w.incarnation, PID: w.pid()})
	g.step(decide.Event{Kind: decide.Ready, Ward: w.id})
	if g.rest != nil {
		g.rest() // now that nobody waits for the guard
	}
}

func (g *guard) tell(e Event) {
	if e.Kind == Serving {
		g.notifier.served(e.Ward, max(g.config.Redundancy, 1))
	}
	if g.watch != nil {
		e.Time = time.Now()
		g.watch(e)
	}
}

// askUpgrade starts an upgrade, and answers when it is over.
func (g *guard) askUpgrade(answer func(error)) {
	if g.upgrading {
		answer(errors.New("another upgrade is under way"))
		return
	}
	g.upgrading = true
	g.upgrade = append(g.upgrade, answer)
	g.step(decide.Event{Kind: decide.Upgrade})
}
