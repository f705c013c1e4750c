package executor

import (
	"testing"
	"time"
)

func TestE7_SettleWaitsForAllOthersAndForNoTime(t *testing.T) {
	for seed := range uint64(50) {
		_, err := seededRun(t, SeededConfig{Seed: seed}, func(s *Seeded) {
			n, settled := 0, 0
			for range 3 {
				s.Go("busy", func() {
					for range 4 {
						s.Point()
						n++
					}
				})
			}
			s.Clock().AfterFunc(time.Second, func() { n = 100 })
			s.Go("another", func() { s.Settle("all"); settled++ })
			if came := s.Settle("all"); came != -1 || n != 12 || s.Clock().Now().Sub(s.clock.start) != 0 {
				t.Errorf("seed %d: %d, n is %d", seed, came, n)
			}
			if came := s.Settle("one", func() bool { return n > 12 }); came != -1 {
				t.Errorf("seed %d: %d", seed, came)
			}
			if came := s.Settle("one", func() bool { return true }); came != 0 && came != -1 {
				t.Errorf("seed %d: %d", seed, came)
			}
			s.Wait("the other", nil, func() bool { return settled == 1 })
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestE7_AbortEndsTheRunAtOnce(t *testing.T) {
	after := false
	_, err := seededRun(t, SeededConfig{}, func(s *Seeded) {
		seededExec(t, s)
		s.Go("other", func() { s.Abort(); after = true })
		s.Wait("nothing", nil, func() bool { return false })
		after = true
	})
	if err != nil || after {
		t.Errorf("%v, %t", err, after)
	}
}

func TestE7_DrawsAndChances(t *testing.T) {
	drawn, chances := make(map[int]int), 0
	for seed := range uint64(200) {
		_, err := seededRun(t, SeededConfig{Seed: seed}, func(s *Seeded) {
			for range 10 {
				drawn[s.Draw(5)]++
				if s.Chance(0.25) {
					chances++
				}
			}
			if s.Chance(0) || !s.Chance(1) || s.Draw(1) != 0 {
				t.Error("what is certain is drawn")
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for n := range 5 {
		if drawn[n] < 300 || drawn[n] > 500 {
			t.Errorf("drawn: %v", drawn)
		}
	}
	if chances < 400 || chances > 600 {
		t.Errorf("%d of 2000 chances of a quarter", chances)
	}
}

func TestE7_TimersMayBeLateOrLost(t *testing.T) {
	late := map[time.Duration]time.Duration{time.Second: time.Hour, time.Minute: -1}
	cfg := SeededConfig{Late: func(d time.Duration) time.Duration { return late[d] }}
	_, err := seededRun(t, cfg, func(s *Seeded) {
		fired := 0
		s.Clock().AfterFunc(time.Second, func() { fired++ })
		lost := s.Clock().AfterFunc(time.Minute, func() { t.Error("a lost timer fires") })
		if s.Timers() != 1 {
			t.Errorf("%d timers", s.Timers())
		}
		s.Wait("it", nil, func() bool { return fired == 1 })
		if took := s.Clock().Now().Sub(s.clock.start); took != time.Hour+time.Second {
			t.Errorf("it fired after %v", took)
		}
		if !lost.Stop() || lost.Stop() {
			t.Error("Stop of a lost timer")
		}
	})
	if err != nil {
		t.Error(err)
	}
}
