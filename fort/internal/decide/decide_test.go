package decide

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bastion-go/bastion/internal/supervise"
)

// write is an action in the words of the scripts below.
func write(a Action) string {
	w := fmt.Sprintf("w%d", a.Ward)
	switch a.Kind {
	case Start:
		after := ""
		if a.After {
			after = " after crash"
		}
		if a.Anew {
			after += " anew"
		}
		return fmt.Sprintf("start %s slot%d inc%d%s", w, a.Slot, a.Incarnation, after)
	case Signal:
		return fmt.Sprintf("signal %s %d", w, a.Signal)
	case Stop:
		return "stop " + w + " " + map[StopReason]string{ForUpgrade: "upgrade", ForMemory: "memory", ForEnd: "end", ForHealth: "health"}[a.Reason]
	case Dump:
		return "dump " + w
	case Kill:
		return "kill " + w
	case Abandon:
		return "abandon " + w
	case Ping:
		return "ping " + w
	case Measure:
		return "measure " + w
	case Crashed:
		text := fmt.Sprintf("crashed %s cause%d", w, a.Cause)
		if a.GaveUp {
			text += " gave up"
		} else if a.Waits {
			text += fmt.Sprintf(" row%d +%v", a.Restarts, a.Delay)
		}
		return text
	case Ended:
		return "ended " + w
	case Upgraded:
		if a.Text != "" {
			return "upgrade failed: " + a.Text
		}
		return "upgraded"
	case DropSockets:
		return "drop sockets"
	case End:
		return fmt.Sprintf("end %d", a.Exit)
	}
	return fmt.Sprintf("unknown %+v", a)
}

type step struct {
	at   time.Duration // since the boot
	ev   Event
	want string // actions, separated by "; "
}

func exit(ward, code int) Event { return Event{Kind: Exited, Ward: ward, Status: Status{Code: code}} }

func killedBy(ward, signal int) Event {
	return Event{Kind: Exited, Ward: ward, Status: Status{Signal: signal}}
}

func ev(kind EventKind, ward int) Event { return Event{Kind: kind, Ward: ward} }

const (
	ms  = time.Millisecond
	sec = time.Second
)

// patient is the policy of the scripts where they do not say otherwise.
func patient() Policy {
	return Policy{
		Redundancy: 1, Intensity: supervise.Intensity{Max: 10, Within: time.Minute},
		Backoff:      supervise.Backoff{Kind: supervise.Exponential, First: 100 * ms, Max: 30 * sec, Healthy: 10 * sec},
		StartTimeout: time.Minute, Shutdown: 30 * sec, DumpTime: 5 * sec,
	}
}

var boot = step{0, Event{Kind: Boot}, "start w1 slot0 inc1"}

// but is the patient policy with a change.
func but(change func(*Policy)) Policy {
	p := patient()
	change(&p)
	return p
}

var (
	strict    = but(func(p *Policy) { p.Intensity.Max = 1 })
	always    = but(func(p *Policy) { p.Always = true })
	beating   = but(func(p *Policy) { p.Heartbeat = 10 * sec })
	measured  = but(func(p *Policy) { p.Sampling, p.SoftMemory, p.HardMemory = sec, 100, 200 })
	brutal    = but(func(p *Policy) { p.Shutdown = 0 })
	undumped  = but(func(p *Policy) { p.DumpTime = 0 })
	double    = but(func(p *Policy) { p.Redundancy = 2 })
	doubleOne = but(func(p *Policy) { p.Redundancy, p.Intensity.Max = 2, 0 })
)

type script struct {
	name   string
	policy Policy
	steps  []step
}

var lives = []script{
	{"a first crash is answered at once, the next ones wait", patient(), []step{
		boot,
		{1 * sec, ev(Ready, 1), ""},
		{20 * sec, exit(1, 2), "crashed w1 cause0 row1 +0s; start w2 slot0 inc2 after crash"},
		{21 * sec, exit(2, 2), "crashed w2 cause0 row2 +100ms"},
		{21*sec + 99*ms, ev(Tick, 0), ""},
		{21*sec + 100*ms, ev(Tick, 0), "start w3 slot0 inc3 after crash"},
		{22 * sec, ev(Ready, 3), ""},
		{23 * sec, killedBy(3, 9), "crashed w3 cause0 row3 +200ms"},
		{24 * sec, ev(Tick, 0), "start w4 slot0 inc4 after crash"},
		{25 * sec, ev(Ready, 4), ""},
		{36 * sec, exit(4, 2), "crashed w4 cause0 row1 +0s; start w5 slot0 inc5 after crash"},
	}},
	{"a start that fails is a crash", strict, []step{
		boot,
		{0, Event{Kind: Exited, Ward: 1, Cause: StartFailed, Status: Status{Code: 127}}, "crashed w1 cause1 row1 +0s; start w2 slot0 inc2 after crash"},
		{1, Event{Kind: Exited, Ward: 2, Cause: StartFailed, Status: Status{Code: 127}}, "crashed w2 cause1 gave up; end 127"},
	}},
	{"the end of a program is no crash", patient(), []step{boot, {sec, exit(1, 0), "ended w1; end 0"}}},
	{"unless it is to run always", always, []step{
		boot,
		{sec, exit(1, 0), "crashed w1 cause0 row1 +0s; start w2 slot0 inc2 after crash"},
	}},
	{"not ready in time", patient(), []step{
		boot,
		{59 * sec, ev(Tick, 0), ""},
		{60 * sec, ev(Tick, 0), "dump w1"},
		{61 * sec, ev(Ready, 1), ""},
		{65 * sec, ev(Tick, 0), "kill w1"},
		{65 * sec, killedBy(1, 9), "crashed w1 cause2 row1 +0s; start w2 slot0 inc2 after crash"},
	}},
	{"what SIGKILL does not end is left behind", patient(), []step{
		boot,
		{60 * sec, ev(Tick, 0), "dump w1"},
		{65 * sec, ev(Tick, 0), "kill w1"},
		{75 * sec, ev(Tick, 0), "abandon w1; crashed w1 cause2 row1 +0s; start w2 slot0 inc2 after crash"},
		{76 * sec, killedBy(1, 9), ""},
	}},
	{"two missed heartbeats and one more time of grace are a hang", beating, []step{
		boot,
		{0, ev(Ready, 1), ""},
		{10 * sec, ev(Tick, 0), "ping w1"},
		{11 * sec, ev(Beat, 1), ""},
		{20 * sec, ev(Tick, 0), "ping w1"},
		{30 * sec, ev(Tick, 0), "ping w1"},
		{31 * sec, ev(Beat, 1), ""},
		{40 * sec, ev(Tick, 0), "ping w1"},
		{50 * sec, ev(Tick, 0), "ping w1"},
		{60 * sec, ev(Tick, 0), "dump w1"},
		{61 * sec, exit(1, 2), "crashed w1 cause3 row1 +0s; start w2 slot0 inc2 after crash"},
	}},
	{"a failed health check stops where nothing can be dumped", undumped, []step{
		boot,
		{0, ev(Ready, 1), ""},
		{sec, ev(Unhealthy, 1), "stop w1 health"},
		{2 * sec, ev(Unhealthy, 1), ""},
		{31 * sec, ev(Tick, 0), "kill w1"},
		{32 * sec, killedBy(1, 9), "crashed w1 cause6 row1 +0s; start w2 slot0 inc2 after crash"},
	}},
	{"memory", measured, []step{
		boot,
		{0, ev(Ready, 1), ""},
		{sec, ev(Tick, 0), "measure w1"},
		{sec, Event{Kind: Memory, Ward: 1, Bytes: 99}, ""},
		{2 * sec, ev(Tick, 0), "measure w1"},
		{2 * sec, Event{Kind: Memory, Ward: 1, Bytes: 100}, "stop w1 memory"},
		{3 * sec, exit(1, 0), "crashed w1 cause4 row1 +0s; start w2 slot0 inc2 after crash"},
		{3 * sec, ev(Ready, 2), ""},
		{4 * sec, Event{Kind: Memory, Ward: 2, Bytes: 200}, "kill w2"},
		{4 * sec, killedBy(2, 9), "crashed w2 cause5 row2 +100ms"},
	}},
	{"memory while it starts, and while it stops", measured, []step{
		boot,
		{sec, ev(Tick, 0), "measure w1"},
		{sec, Event{Kind: Memory, Ward: 1, Bytes: 150}, ""}, // it may need that to start
		{2 * sec, ev(Tick, 0), "measure w1"},
		{2 * sec, Event{Kind: Memory, Ward: 1, Bytes: 200}, "kill w1"},
		{3 * sec, ev(Tick, 0), ""},
		{3 * sec, killedBy(1, 9), "crashed w1 cause5 row1 +0s; start w2 slot0 inc2 after crash"},
		{3 * sec, ev(Ready, 2), ""},
		{4 * sec, ev(Tick, 0), "measure w2"},
		{4 * sec, Event{Kind: Memory, Ward: 2, Bytes: 150}, "stop w2 memory"},
		{5 * sec, ev(Tick, 0), "measure w2"},
		{5 * sec, Event{Kind: Memory, Ward: 2, Bytes: 201}, "kill w2"},
	}},
	{"a stop in order", patient(), []step{
		boot,
		{sec, ev(Ready, 1), ""},
		{2 * sec, Event{Kind: Finish, Signal: 15}, "signal w1 15"},
		{3 * sec, exit(1, 3), "ended w1; end 3"},
	}},
	{"a stop that is late", patient(), []step{
		boot,
		{2 * sec, Event{Kind: Finish, Signal: 15}, "signal w1 15"},
		{32 * sec, ev(Tick, 0), "kill w1"},
		{32 * sec, killedBy(1, 9), "crashed w1 cause0; end 137"},
	}},
	{"a stop in a hurry", patient(), []step{
		boot,
		{2 * sec, Event{Kind: Finish, Signal: 2}, "signal w1 2"},
		{2*sec + Echo/2, Event{Kind: Finish, Signal: 2}, ""},
		{3 * sec, Event{Kind: Finish, Signal: 2}, "kill w1"},
		{3 * sec, killedBy(1, 9), "ended w1; end 137"},
	}},
	{"a brutal stop", brutal, []step{
		boot,
		{2 * sec, Event{Kind: Finish, Signal: 15}, "kill w1"},
		{2 * sec, killedBy(1, 9), "ended w1; end 137"},
	}},
	{"a stop while nothing runs", patient(), []step{
		boot,
		{sec, exit(1, 1), "crashed w1 cause0 row1 +0s; start w2 slot0 inc2 after crash"},
		{2 * sec, exit(2, 1), "crashed w2 cause0 row2 +100ms"},
		{2 * sec, Event{Kind: Finish, Signal: 15}, "end 143"},
	}},
	{"a signal of which the program dies", patient(), []step{
		boot,
		{sec, Event{Kind: Forward, Signal: 1}, "signal w1 1"},
		{2 * sec, killedBy(1, 1), "ended w1; end 129"},
	}},
	{"a signal of which it does not", patient(), []step{
		boot,
		{sec, Event{Kind: Forward, Signal: 1}, "signal w1 1"},
		{2 * sec, killedBy(1, 11), "crashed w1 cause0 row1 +0s; start w2 slot0 inc2 after crash"},
	}},
	{"giving up stops the others", doubleOne, []step{
		{0, Event{Kind: Boot}, "start w1 slot0 inc1; start w2 slot1 inc1"},
		{sec, exit(1, 4), "crashed w1 cause0 gave up; stop w2 end"},
		{2 * sec, exit(2, 0), "ended w2; end 4"},
	}},
	{"redundant wards have backoffs of their own", double, []step{
		{0, Event{Kind: Boot}, "start w1 slot0 inc1; start w2 slot1 inc1"},
		{sec, exit(1, 4), "crashed w1 cause0 row1 +0s; start w3 slot0 inc2 after crash"},
		{2 * sec, exit(2, 4), "crashed w2 cause0 row1 +0s; start w4 slot1 inc2 after crash"},
		{3 * sec, exit(3, 0), "ended w3"},
		{4 * sec, exit(4, 0), "ended w4; end 0"},
	}},
}

func TestF1_Lives(t *testing.T) {
	for _, c := range lives {
		t.Run(c.name, func(t *testing.T) { play(t, New(c.policy), c.steps) })
	}
}

var upgrades = []script{
	{"the new takes over when it is ready", patient(), []step{
		boot,
		{0, ev(Ready, 1), ""},
		{sec, ev(Upgrade, 0), "start w2 slot0 inc2 anew"},
		{sec, ev(Upgrade, 0), "upgrade failed: another upgrade is under way"},
		{2 * sec, ev(Ready, 2), "upgraded; stop w1 upgrade"},
		{3 * sec, exit(1, 0), "ended w1; drop sockets"},
		{4 * sec, exit(2, 0), "ended w2; end 0"},
	}},
	{"what does not drain in time is killed", patient(), []step{
		boot,
		{0, ev(Ready, 1), ""},
		{sec, ev(Upgrade, 0), "start w2 slot0 inc2 anew"},
		{2 * sec, ev(Ready, 2), "upgraded; stop w1 upgrade"},
		{32 * sec, ev(Tick, 0), "kill w1"},
		{32 * sec, killedBy(1, 9), "ended w1; drop sockets"},
	}},
	{"a new one that ends leaves the old", patient(), []step{
		boot,
		{0, ev(Ready, 1), ""},
		{sec, ev(Upgrade, 0), "start w2 slot0 inc2 anew"},
		{2 * sec, exit(2, 1), "crashed w2 cause0; upgrade failed: the new version ended before it was ready"},
		{3 * sec, exit(1, 1), "crashed w1 cause0 row1 +0s; start w3 slot0 inc3 after crash"},
	}},
	{"a new one that is not ready leaves the old", patient(), []step{
		boot,
		{0, ev(Ready, 1), ""},
		{0, ev(Upgrade, 0), "start w2 slot0 inc2 anew"},
		{60 * sec, ev(Tick, 0), "dump w2"},
		{61 * sec, exit(2, 2), "crashed w2 cause2; upgrade failed: the new version ended before it was ready"},
	}},
	{"all of them or none", double, []step{
		{0, Event{Kind: Boot}, "start w1 slot0 inc1; start w2 slot1 inc1"},
		{0, ev(Ready, 1), ""},
		{0, ev(Ready, 2), ""},
		{sec, ev(Upgrade, 0), "start w3 slot0 inc2 anew; start w4 slot1 inc2 anew"},
		{2 * sec, ev(Ready, 3), ""},
		{3 * sec, exit(4, 1), "crashed w4 cause0; upgrade failed: the new version ended before it was ready; kill w3"},
		{4 * sec, killedBy(3, 9), "ended w3"},
		{5 * sec, ev(Upgrade, 0), "start w5 slot0 inc3 anew; start w6 slot1 inc3 anew"},
		{6 * sec, ev(Ready, 6), ""},
		{6 * sec, ev(Ready, 5), "upgraded; stop w1 upgrade; stop w2 upgrade"},
		{7 * sec, exit(1, 0), "ended w1"},
		{7 * sec, exit(2, 0), "ended w2; drop sockets"},
	}},
	{"an upgrade out of a row of crashes", patient(), []step{
		boot,
		{sec, exit(1, 1), "crashed w1 cause0 row1 +0s; start w2 slot0 inc2 after crash"},
		{sec, exit(2, 1), "crashed w2 cause0 row2 +100ms"},
		{sec, ev(Upgrade, 0), "start w3 slot0 inc3 anew"},
		{sec + 50*ms, ev(Ready, 3), "upgraded; drop sockets"},
		{2 * sec, ev(Tick, 0), ""},
	}},
	{"the end of the fort is the end of an upgrade", patient(), []step{
		boot,
		{0, ev(Ready, 1), ""},
		{sec, ev(Upgrade, 0), "start w2 slot0 inc2 anew"},
		{2 * sec, Event{Kind: Finish, Signal: 15}, "upgrade failed: the fort ends; kill w2; signal w1 15"},
		{2 * sec, ev(Upgrade, 0), "upgrade failed: the fort ends"},
		{2 * sec, killedBy(2, 9), "ended w2"},
		{3 * sec, exit(1, 0), "ended w1; end 0"},
	}},
}

func TestF2_Upgrades(t *testing.T) {
	for _, c := range upgrades {
		t.Run(c.name, func(t *testing.T) { play(t, New(c.policy), c.steps) })
	}
}

func play(t *testing.T, m *Machine, steps []step) {
	t.Helper()
	epoch := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	for i, s := range steps {
		var got []string
		for _, a := range m.Step(epoch.Add(s.at), s.ev) {
			got = append(got, write(a))
		}
		if text := strings.Join(got, "; "); text != s.want {
			t.Fatalf("step %d, at %v: %+v\n got %q\nwant %q", i, s.at, s.ev, text, s.want)
		}
	}
}
