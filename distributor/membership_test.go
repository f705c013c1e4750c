package distributor_test

import (
	"log/slog"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/distributor"
	"github.com/bastion-go/bastion/executor"
)

// TestMembership_Model steps a distributor and the obvious model of its membership together: two followed groups, single
// processes added by hand, spawns, stops, crashes, drains.
func TestMembership_Model(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var n notebook
		run, err := executor.NewSeeded(executor.SeededConfig{Seed: rapid.Uint64().Draw(rt, "seed")})
		if err != nil {
			rt.Fatal(err)
		}
		err = run.Run(func() {
			sys := must(bastion.New(bastion.Config{Name: "sys", Seeded: run, Logger: slog.New(slog.DiscardHandler)}))
			sup := must(sys.Supervise(bastion.SupervisorSpec{Name: "sup", Intensity: bastion.Unlimited, Children: []bastion.ChildSpec{
				{Name: "g0", Group: true, Count: 2, Start: n.worker(), Intensity: bastion.Unlimited},
				{Name: "g1", Group: true, Start: n.worker(), Intensity: bastion.Unlimited},
				{Name: "s0", Start: n.worker()}, {Name: "s1", Start: n.worker()}, {Name: "s2", Start: n.worker()},
			}}))
			if err := sys.Start(outside); err != nil {
				rt.Fatal(err)
			}
			m := &membership{d: must(distributor.New(sys, distributor.Spec{})), sup: sup}
			rt.Repeat(map[string]func(*rapid.T){
				"": m.check, "add": m.add, "remove": m.remove, "follow": m.follow, "unfollow": m.unfollow,
				"spawn": m.spawn, "end": m.end, "crash": m.crash,
			})
			if err := sys.Stop(outside); err != nil {
				rt.Fatal(err)
			}
		})
		if err != nil {
			rt.Fatal(err)
		}
	})
}

type membership struct {
	d        *distributor.Distributor
	sup      *bastion.Supervisor
	followed []string
	hand     []bastion.Ref
}

// check compares the members with those of the model.
func (m *membership) check(t *rapid.T) {
	var want []bastion.Ref
	for _, name := range m.followed {
		want = append(want, m.sup.Group(name).Members()...)
	}
	for _, r := range m.hand {
		if !slices.Contains(want, r) {
			want = append(want, r)
		}
	}
	if got := m.d.Members(); !slices.Equal(got, want) || m.d.Len() != len(want) {
		t.Fatalf("members %v, want %v", got, want)
	}
}

func (m *membership) group(t *rapid.T) string {
	return rapid.SampledFrom([]string{"g0", "g1"}).Draw(t, "group")
}

// single is one that may be added by hand: a process of its own, or a member of a group.
func (m *membership) single(t *rapid.T) bastion.Ref {
	all := []bastion.Ref{m.sup.Child("s0"), m.sup.Child("s1"), m.sup.Child("s2")}
	return rapid.SampledFrom(append(all, m.sup.Group("g0").Members()...)).Draw(t, "ref")
}

func (m *membership) add(t *rapid.T) {
	ref := m.single(t)
	fresh := !slices.Contains(m.hand, ref)
	if m.d.Add(ref) != fresh {
		t.Fatalf("Add(%v) is not %v", ref, fresh)
	}
	if fresh {
		m.hand = append(m.hand, ref)
	}
}

func (m *membership) remove(t *rapid.T) {
	ref := m.single(t)
	known := slices.Contains(m.hand, ref)
	if m.d.Remove(ref) != known {
		t.Fatalf("Remove(%v) is not %v", ref, known)
	}
	m.hand = slices.DeleteFunc(m.hand, func(r bastion.Ref) bool { return r == ref })
}

func (m *membership) follow(t *rapid.T) {
	name := m.group(t)
	m.d.Follow(m.sup.Group(name), nil)
	if !slices.Contains(m.followed, name) {
		m.followed = append(m.followed, name)
	}
}

func (m *membership) unfollow(t *rapid.T) {
	name := m.group(t)
	m.d.Unfollow(m.sup.Group(name), nil)
	m.followed = slices.DeleteFunc(m.followed, func(f string) bool { return f == name })
}

func (m *membership) spawn(t *rapid.T) {
	if _, err := m.sup.Group(m.group(t)).Spawn(outside); err != nil {
		t.Fatal(err)
	}
}

func (m *membership) member(t *rapid.T) bastion.Ref {
	members := m.sup.Group(m.group(t)).Members()
	if len(members) == 0 {
		t.Skip("nobody")
	}
	return rapid.SampledFrom(members).Draw(t, "member")
}

func (m *membership) end(t *rapid.T) {
	r := m.member(t)
	ends := []func() error{func() error { return r.Stop(outside) }, func() error { return r.Drain(outside) }, func() error { return r.Kill(outside) }}
	if err := rapid.SampledFrom(ends).Draw(t, "end")(); err != nil {
		t.Fatal(err)
	}
}

func (m *membership) crash(t *rapid.T) {
	if err := m.member(t).Tell(outside, fail{}); err != nil {
		t.Fatal(err)
	}
}

// TestJoin_FromTheStartUntilGone: a child that joins by itself is a member from its start until it is gone, and
// again when it is started once more.
func TestJoin_FromTheStartUntilGone(t *testing.T) {
	for seed := range uint64(100) {
		var n notebook
		run := must(executor.NewSeeded(executor.SeededConfig{Seed: seed}))
		var calls []string
		err := run.Run(func() {
			sys := must(bastion.New(bastion.Config{Name: "sys", Seeded: run, Logger: slog.New(slog.DiscardHandler)}))
			d := must(distributor.New(sys, distributor.Spec{}))
			note := func(what string) { calls = append(calls, what) }
			spec := bastion.ChildSpec{Name: "c", Start: n.worker(), Callbacks: bastion.Callbacks{
				AfterStart:   func(*bastion.Context) error { note("start"); return nil },
				AfterRestart: func(*bastion.Context, bastion.Failure) error { note("restart"); return nil },
				AfterStop:    func(bastion.Failure) { note("stop") },
			}}
			sup := must(sys.Supervise(bastion.SupervisorSpec{Name: "sup", Intensity: bastion.Unlimited, Children: []bastion.ChildSpec{
				d.Join(spec), d.Join(bastion.ChildSpec{Name: "g", Count: 3, Start: n.worker()}),
			}}))
			if d.Len() != 0 {
				t.Error("a member before the start")
			}
			wantErr(t, "start", sys.Start(outside), nil)
			want := func(when string, members int) {
				run.Wait(when, nil, func() bool { return d.Len() == members })
			}
			c := sup.Child("c")
			want("all started", 4)
			wantErr(t, "fail", c.Tell(outside, fail{}), nil)
			must(bastion.Ask(outside, c, who{}))
			if !slices.Contains(d.Members(), c) {
				t.Errorf("seed %d: lost by a crash", seed)
			}
			wantErr(t, "stop", c.Stop(outside), nil)
			want("stopped", 3)
			wantErr(t, "restart", c.Restart(outside), nil)
			want("started again", 4)
			extra := must(sup.Group("g").Spawn(outside))
			want("spawned", 5)
			wantErr(t, "drain", extra.Drain(outside), nil)
			want("drained", 4)
			wantErr(t, "stop", sys.Stop(outside), nil)
			want("all stopped", 0)
		})
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if got := slices.Compact(calls); !slices.Contains(got, "start") || !slices.Contains(got, "restart") || !slices.Contains(got, "stop") {
			t.Errorf("its own callbacks: %v", got)
		}
	}
}

// TestBastionBug_StaleRecipients: whoever has stopped, in whatever way, is no member any more.
func TestBastionBug_StaleRecipients(t *testing.T) {
	ends := map[string]func(bastion.Ref) error{
		"stop":  func(r bastion.Ref) error { return r.Stop(outside) },
		"drain": func(r bastion.Ref) error { return r.Drain(outside) },
		"kill":  func(r bastion.Ref) error { return r.Kill(outside) },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			var n notebook
			sys, sup := up(t, n.workers(3))
			d := over(sys, sup, nil)
			first := d.Members()[0]
			wantErr(t, "end", end(first), nil)
			if d.Len() != 2 || slices.Contains(d.Members(), first) {
				t.Error(d.Members())
			}
			if again := must(sup.Group("workers").Spawn(outside)); !slices.Contains(d.Members(), again) || again == first {
				t.Error(d.Members())
			}
		})
	}
}

// TestFollow_WhoDrainsIsPassedOver: while it handles what it has, nothing new goes to it.
func TestFollow_WhoDrainsIsPassedOver(t *testing.T) {
	for seed := range uint64(30) {
		var n notebook
		seeded(t, seed, func(run *executor.Seeded, sys *bastion.System, sup *bastion.Supervisor) {
			d, until := over(sys, sup, nil), make(hold)
			leaves := d.Members()[1]
			wantErr(t, "hold", leaves.Tell(outside, until), nil)
			gone := false
			run.Go("drain", func() { wantErr(t, "drain", leaves.Drain(outside), nil); gone = true })
			run.Wait("the order", nil, func() bool { return leaves.Load(0).State == bastion.StateStopping })
			run.Wait("it has left", nil, func() bool { return d.Len() == 2 })
			for j := range job(12) {
				wantErr(t, "TellOne", d.TellOne(outside, j), nil)
			}
			flush(t, d)
			if gone || n.len() != 12 {
				t.Errorf("seed %d: gone %v, %d handled", seed, gone, n.len())
			}
			close(until)
			run.Wait("the drain", nil, func() bool { return gone })
		}, n.workers(3))
	}
}

// TestFollow_AGroupOfTheSameNameIsAnother: what replaces a removed group is not what was followed.
func TestFollow_AGroupOfTheSameNameIsAnother(t *testing.T) {
	var n notebook
	sys, sup := up(t, n.workers(2))
	d := over(sys, sup, nil)
	old := sup.Group("workers")
	wantErr(t, "remove", sup.Remove(outside, "workers"), nil)
	wantErr(t, "TellOne", d.TellOne(outside, job(1)), bastion.ErrStopped)
	child := must(sup.Insert(outside, n.workers(3), bastion.Position{}))
	d.Follow(child.Group)
	d.Unfollow(old)
	if !slices.Equal(d.Members(), child.Group.Members()) || d.Len() != 3 {
		t.Error(d.Members())
	}
}
