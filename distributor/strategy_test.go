package distributor_test

import (
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/distributor"
	"github.com/bastion-go/bastion/executor"
)

// picks counts whom n jobs go to.
func picks(t testing.TB, d *distributor.Distributor, n *notebook, jobs int) map[bastion.Ref]int {
	t.Helper()
	*n = notebook{}
	for j := range job(jobs) {
		wantErr(t, "TellOne", d.TellOne(outside, j), nil)
	}
	flush(t, d)
	count := map[bastion.Ref]int{}
	for j := range job(jobs) {
		count[n.by(j)[0]]++
	}
	return count
}

// TestBastionBug_RoundRobinRaces: concurrent senders never take the same turn.
func TestBastionBug_RoundRobinRaces(t *testing.T) {
	for seed := range uint64(100) {
		var n notebook
		seeded(t, seed, func(run *executor.Seeded, sys *bastion.System, sup *bastion.Supervisor) {
			d, busy := over(sys, sup, nil), 4
			for s := range 4 {
				run.Go("sender", func() {
					for i := range 5 {
						wantErr(t, "TellOne", d.TellOne(outside, job(s*5+i)), nil)
					}
					busy--
				})
			}
			run.Wait("the senders", nil, func() bool { return busy == 0 })
			flush(t, d)
			count := map[bastion.Ref]int{}
			for j := range job(20) {
				count[n.by(j)[0]]++
			}
			for _, c := range count {
				if c != 4 {
					t.Errorf("seed %d: %v", seed, slices.Collect(maps.Values(count)))
				}
			}
		}, n.workers(5))
	}
}

func TestRoundRobin_InTurns(t *testing.T) {
	var n notebook
	sys, sup := up(t, n.workers(3))
	d := over(sys, sup, new(distributor.RoundRobin))
	for i := range 9 {
		ref := must(distributor.Request(outside, d, who{}))
		if ref != d.Members()[i%3] {
			t.Errorf("turn %d: %v", i, ref)
		}
	}
}

func TestRandom_SpreadsEvenly(t *testing.T) {
	var n notebook
	sys, sup := up(t, n.workers(4))
	for ref, c := range picks(t, over(sys, sup, distributor.Random{}), &n, 4000) {
		if c < 800 || c > 1200 { // seven standard deviations
			t.Errorf("%v: %d of 4,000", ref, c)
		}
	}
}

// TestE7_RandomChoicesAreOfTheSeed: the same seed sends to the same members.
func TestE7_RandomChoicesAreOfTheSeed(t *testing.T) {
	for _, s := range []distributor.Strategy{distributor.Random{}, distributor.TwoChoices{}, distributor.LeastMailbox{}} {
		run := func(seed uint64) (to []string) {
			var n notebook
			seeded(t, seed, func(_ *executor.Seeded, sys *bastion.System, sup *bastion.Supervisor) {
				d := over(sys, sup, s)
				for range 40 {
					to = append(to, must(distributor.Request(outside, d, who{})).Path())
				}
			}, n.workers(8))
			return to
		}
		if first := run(1); !slices.Equal(first, run(1)) || slices.Equal(first, run(2)) {
			t.Errorf("%T is not of the seed", s)
		}
	}
}

// busy gives the ith member i messages behind one that is in hand, for all but the last.
func busy(t *testing.T, d *distributor.Distributor) (release func()) {
	t.Helper()
	until := make(hold)
	members := d.Members()
	for i, m := range members[:len(members)-1] {
		wantErr(t, "hold", m.Tell(outside, until), nil)
		for range i {
			wantErr(t, "fill", m.Tell(outside, fill{}), nil)
		}
	}
	return func() { close(until) }
}

type fill struct{}

func TestLeastMailbox_TakesTheIdleOne(t *testing.T) {
	for seed := range uint64(50) {
		var n notebook
		seeded(t, seed, func(_ *executor.Seeded, sys *bastion.System, sup *bastion.Supervisor) {
			d := over(sys, sup, distributor.LeastMailbox{})
			release := busy(t, d)
			members := d.Members()
			for range 5 {
				if ref := must(distributor.Request(outside, d, who{})); ref != members[3] {
					t.Errorf("seed %d: %v", seed, ref)
				}
			}
			release()
		}, n.workers(4))
	}
}

// TestLeastMailbox_PassesOverWhoIsDown: the empty mailbox of one that waits an hour for its restart attracts nobody.
func TestLeastMailbox_PassesOverWhoIsDown(t *testing.T) {
	for _, s := range []distributor.Strategy{distributor.LeastMailbox{}, distributor.TwoChoices{}} {
		var n notebook
		spec := n.workers(2)
		spec.Backoff = bastion.Constant{Delay: 3600e9}
		sys, sup := up(t, spec)
		events := sys.Events(0)
		d := over(sys, sup, s)
		down := d.Members()[0]
		wantErr(t, "fail", down.Tell(outside, fail{}), nil)
		for {
			e := must(events.Next(outside))
			if e.Kind == bastion.EventRestarting {
				break
			}
		}
		for range 20 {
			if ref := must(distributor.Request(outside, d, who{})); ref == down {
				t.Fatalf("%T asked who is down", s)
			}
		}
	}
}

// TestTwoChoices_TakesTheLess: of two it is always the one with less to do; the busiest of all gets nothing.
func TestTwoChoices_TakesTheLess(t *testing.T) {
	for seed := range uint64(30) {
		var n notebook
		seeded(t, seed, func(_ *executor.Seeded, sys *bastion.System, sup *bastion.Supervisor) {
			d := over(sys, sup, distributor.TwoChoices{})
			release := busy(t, d)
			busiest := d.Members()[2]
			was := busiest.Load(0).Backlog()
			for j := range job(2) { // two more do not make another one the busiest
				wantErr(t, "TellOne", d.TellOne(outside, j), nil)
			}
			if is := busiest.Load(0).Backlog(); is != was {
				t.Errorf("seed %d: the busiest had %d, and has %d", seed, was, is)
			}
			release()
			flush(t, d)
		}, append([]bastion.ChildSpec{n.workers(4)}, bastion.ChildSpec{})[:1]...)
	}
	var n notebook
	sys, sup := up(t, n.workers(1))
	if len(picks(t, over(sys, sup, distributor.TwoChoices{}), &n, 10)) != 1 {
		t.Error("of one there is no choice")
	}
}

// picky chooses whatever the test wants.
type picky func(c distributor.Call) (int, error)

func (p picky) Pick(c distributor.Call) (int, error) { return p(c) }

// TestBastionBug_NoStrategyOfOnesOwn: any is taken, its errors go to the sender, and a bad choice is said.
func TestBastionBug_NoStrategyOfOnesOwn(t *testing.T) {
	var n notebook
	sys, sup := up(t, n.workers(3))
	d := over(sys, sup, picky(func(c distributor.Call) (int, error) {
		switch j := c.Message.(type) {
		case job:
			return int(j), nil
		case fail:
			return 0, errBoom
		}
		return len(c.Members) - 1, nil
	}))
	wantErr(t, "own", d.TellOne(outside, job(1)), nil)
	flush(t, d)
	if by := n.by(1); len(by) != 1 || by[0] != d.Members()[1] {
		t.Error(by)
	}
	wantErr(t, "error", d.TellOne(outside, fail{}), errBoom)
	wantErr(t, "too high", d.TellOne(outside, job(3)), distributor.ErrNoChoice)
	wantErr(t, "too low", d.TellOne(outside, job(-1)), distributor.ErrNoChoice)
	if a := distributor.AskOne[bastion.Ref](outside, d, who{}); a.From != d.Members()[2] || a.Err != nil {
		t.Errorf("%+v", a)
	}
}

// TestStrategy_APanicIsTheSenders: and the distributor goes on.
func TestStrategy_APanicIsTheSenders(t *testing.T) {
	var n notebook
	sys, sup := up(t, n.workers(2))
	d := over(sys, sup, &panicky{Strategy: distributor.Random{}})
	for range 2 { // in Index, then in Pick
		func() {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			_ = d.TellOne(outside, job(1))
		}()
	}
	wantErr(t, "afterwards", d.TellOne(outside, job(1)), nil)
}

type panicky struct {
	distributor.Strategy
	indexed, picked bool
}

func (p *panicky) Index([]bastion.Ref) any {
	if !p.indexed {
		p.indexed = true
		panic(errors.New("index"))
	}
	return nil
}

func (p *panicky) Pick(c distributor.Call) (int, error) {
	if !p.picked {
		p.picked = true
		panic(errors.New("pick"))
	}
	return p.Strategy.Pick(c)
}
