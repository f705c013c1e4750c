package bastiontest

import (
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
)

// storm is a tree of both kinds of processes, and faults of all kinds by chance.
func storm(s *Sim) {
	got := map[string]int{}
	spec := victims(got)
	for i := range spec.Children {
		spec.Children[i].Backoff = bastion.Exponential{First: time.Second, Jitter: 0.5}
	}
	group := bastion.ChildSpec{Name: "group", Count: 3, Intensity: bastion.Unlimited, Start: handle(func(ctx *bastion.Context, msg any) error {
		if n := msg.(int); n > 0 {
			return s.Ref(fmt.Sprintf("/bastion/sup/group/%d", (ctx.Index()+n)%3)).Tell(ctx, n-1)
		}
		return s.Ref("/bastion/sup/loop").Tell(ctx, 0)
	})}
	spec.Strategy = bastion.RestForOne
	spec.Children = append(spec.Children, group)
	sys := s.System(bastion.Config{}, spec)
	s.AssertBooks(sys)
	for i := range 3 {
		s.Go(fmt.Sprint("client ", i), func() {
			for range 5 {
				_ = s.Ref(fmt.Sprintf("/bastion/sup/group/%d", s.Choose(3))).Tell(s.Context(), s.Choose(6))
				s.Sleep(time.Duration(s.Choose(2000)) * time.Millisecond)
			}
		})
	}
	s.Sleep(time.Hour)
}

var stormFaults = []Fault{
	{Chance: 0.02, Do: Panic{}}, {Chance: 0.02, Do: Fail{}}, {Chance: 0.02, Do: Kill{}}, {Chance: 0.02, Do: Slow{By: time.Minute}},
	{Chance: 0.01, Do: Hang{}}, {When: OnStart, Chance: 0.1, Times: 3, Match: func(m *Moment) bool { return m.Sim.Elapsed() > 0 }, Do: Fail{}},
	{When: OnTimer, Chance: 0.05, Do: Late{By: time.Second}}, {When: OnSend, Chance: 0.02, Do: Full{}},
}

// tracesOf is a number for all traces and logs of a hundred seeds.
func tracesOf(t *testing.T) string {
	o, err := Options{Faults: stormFaults, Seeds: 100}.check()
	if err != nil {
		t.Fatal(err)
	}
	c := &campaign{t: t, main: storm, c: command{Options: o}, choices: 512}
	sum, steps := fnv.New64a(), 0
	for seed := range uint64(o.Seeds) {
		out := c.attempt(attempt{seed: seed, from: c.source(seed), steps: true})
		for _, tr := range out.trouble {
			t.Errorf("seed %d: %s", seed, tr.text)
		}
		for _, s := range out.steps {
			_, _ = io.WriteString(sum, s.String()+"\n")
		}
		steps += len(out.steps)
	}
	return fmt.Sprintf("traces %016x of %d steps", sum.Sum64(), steps)
}

// TestRun_TraceOfManySeeds prints what must be the same wherever the same source runs: the gate compares builds.
func TestRun_TraceOfManySeeds(t *testing.T) { fmt.Println(tracesOf(t)) }

const traceChild = "BASTION_TEST_TRACE_CHILD"

func TestRun_SameTracesInAnyProcess(t *testing.T) {
	here := tracesOf(t)
	if os.Getenv(traceChild) != "" {
		fmt.Println(here)
		return
	}
	for _, procs := range []string{"1", "8"} {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
		cmd.Env = append(os.Environ(), traceChild+"=1", "GOMAXPROCS="+procs)
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), here) {
			t.Errorf("here %s, with GOMAXPROCS=%s: %v\n%s", here, procs, err, out)
		}
	}
}
