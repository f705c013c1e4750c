package decide

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/bastion-go/bastion/internal/supervise"
)

// A world is the least that must be true of the driver's side, whatever happens.
type world struct {
	t      *rapid.T
	m      *Machine
	policy Policy
	now    time.Time
	alive  map[int]Action // wards that were started and have not ended
	ended  map[int]int    // how often the end of each was reported
	over   bool
}

func (w *world) step(ev Event) {
	for _, a := range w.m.Step(w.now, ev) {
		if w.over {
			w.t.Fatalf("%+v after the end", a)
		}
		switch a.Kind {
		case Start:
			if _, twice := w.alive[a.Ward]; twice || w.ended[a.Ward] > 0 {
				w.t.Fatalf("ward %d is started twice", a.Ward)
			}
			w.alive[a.Ward] = a
		case Crashed, Ended:
			if w.ended[a.Ward]++; w.ended[a.Ward] > 1 {
				w.t.Fatalf("the end of ward %d is told twice", a.Ward)
			}
			if _, still := w.alive[a.Ward]; still {
				w.t.Fatalf("ward %d has not ended", a.Ward)
			}
		case Abandon:
			delete(w.alive, a.Ward)
		case Signal, Stop, Dump, Kill, Ping, Measure:
			if _, is := w.alive[a.Ward]; !is {
				w.t.Fatalf("%+v for a ward that is gone", a)
			}
		case End:
			if len(w.alive) > 0 {
				w.t.Fatalf("the end with %d wards alive", len(w.alive))
			}
			w.over = true
		}
	}
	w.check()
}

// check: each slot has at most one ward beside a successor and those that are on
// their way out, and nobody waits for ever.
func (w *world) check() {
	wards, successors := map[int]int{}, map[int]int{}
	for _, x := range w.m.wards {
		switch x.role {
		case current:
			wards[x.slot]++
		case successor:
			successors[x.slot]++
		}
		if x.phase != up && x.deadline.IsZero() {
			w.t.Fatalf("ward %d may stay in phase %d for ever", x.id, x.phase)
		}
	}
	for slot := range w.policy.Redundancy {
		if wards[slot] > 1 || successors[slot] > 1 {
			w.t.Fatalf("slot %d has %d wards and %d successors", slot, wards[slot], successors[slot])
		}
	}
	if !w.over && len(w.m.wards) == 0 && w.m.Next().IsZero() {
		w.t.Fatal("nothing runs, nothing is waited for, and it is not over")
	}
}

func TestF3_WhateverHappensNobodyIsLostAndItEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := patient()
		p.Redundancy = rapid.IntRange(1, 3).Draw(t, "redundancy")
		p.Intensity = supervise.Intensity{Max: rapid.IntRange(0, 8).Draw(t, "max"), Within: time.Minute}
		p.Always = rapid.Bool().Draw(t, "always")
		p.Heartbeat = rapid.SampledFrom([]time.Duration{0, 3 * sec}).Draw(t, "heartbeat")
		p.DumpTime = rapid.SampledFrom([]time.Duration{0, 5 * sec}).Draw(t, "dump")
		p.Shutdown = rapid.SampledFrom([]time.Duration{0, 4 * sec}).Draw(t, "shutdown")
		p.SoftMemory, p.HardMemory, p.Sampling = 100, 200, sec
		w := &world{t: t, m: New(p), policy: p, now: time.Unix(0, 0), alive: map[int]Action{}, ended: map[int]int{}}
		w.step(Event{Kind: Boot})
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			w.random()
		}
		for range 2 {
			w.step(Event{Kind: Finish, Signal: 15})
		}
		for range 200 { // each ends when it is killed, or is abandoned
			if w.over {
				return
			}
			w.now = w.now.Add(time.Second)
			w.step(Event{Kind: Tick})
		}
		t.Fatal("it does not end")
	})
}

func (w *world) random() {
	t := w.t
	ids := make([]int, 0, len(w.alive))
	for id := range w.m.lastID {
		if _, is := w.alive[id+1]; is {
			ids = append(ids, id+1)
		}
	}
	ward := 0
	if len(ids) > 0 {
		ward = rapid.SampledFrom(ids).Draw(t, "ward")
	}
	switch rapid.SampledFrom([]string{"tick", "tick", "ready", "ready", "exit", "kill", "beat", "memory", "sick", "forward", "upgrade", "late"}).Draw(t, "event") {
	case "tick":
		w.now = w.now.Add(time.Duration(rapid.IntRange(0, 12_000).Draw(t, "ms")) * time.Millisecond)
		w.step(Event{Kind: Tick})
	case "ready":
		w.step(Event{Kind: Ready, Ward: ward})
	case "exit":
		delete(w.alive, ward)
		w.step(Event{Kind: Exited, Ward: ward, Status: Status{Code: rapid.IntRange(0, 2).Draw(t, "code")}, Jitter: 0.5})
	case "kill":
		delete(w.alive, ward)
		w.step(Event{Kind: Exited, Ward: ward, Status: Status{Signal: rapid.SampledFrom([]int{1, 9}).Draw(t, "signal")}})
	case "beat":
		w.step(Event{Kind: Beat, Ward: ward})
	case "memory":
		w.step(Event{Kind: Memory, Ward: ward, Bytes: int64(rapid.IntRange(50, 250).Draw(t, "bytes"))})
	case "sick":
		w.step(Event{Kind: Unhealthy, Ward: ward})
	case "forward":
		w.step(Event{Kind: Forward, Signal: 1})
	case "upgrade":
		w.step(Event{Kind: Upgrade})
	case "late":
		w.step(Event{Kind: Exited, Ward: 10_000})
	}
}
