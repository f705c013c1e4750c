package bastiontest

import (
	"testing"

	"github.com/bastion-go/bastion"
)

// The tests here are small programs with a mistake that is in many real ones. Each is found within so many seeds, and
// nothing is found where it is mended: that a simulation finds nothing is worth something only if it would have.

type classic struct {
	name    string
	within  int // seeds
	faults  []Fault
	program func(s *Sim, mended bool)
	says    string
}

func TestClassicBugs(t *testing.T) {
	for _, c := range []classic{
		{name: "money lost in a crash", within: 100, program: transfer, says: "is gone",
			faults: []Fault{{On: "/bank/sup/*", Chance: 0.1, Times: 2, Do: Panic{}}}},
		{name: "done twice after a retry", within: 100, program: retry, says: "charged",
			faults: []Fault{{On: "/shop/sup/card", Chance: 0.1, Do: Slow{By: clientPatience * 2}}}},
		{name: "deadlock by mutual asks", within: 100, program: mutual, says: "would deadlock"},
		{name: "update lost between two asks", within: 100, program: lostUpdate, says: "the counter is"},
		{name: "cache stale after a restart", within: 100, program: staleCache, says: "the cache says",
			faults: []Fault{{On: "/cached/sup/store", Chance: 0.1, Times: 2, Do: Panic{}}}},
		{name: "order between two senders", within: 100, program: twoSenders, says: "no account"},
		{name: "a queue that only grows", within: 100, program: growing, says: "wait in the mailbox"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			found := judged(t, Options{Seeds: c.within, Faults: c.faults}, func(s *Sim) { c.program(s, false) })
			found.wants(t, c.says)
			t.Logf("seeds needed: %d", found.needed)
			judged(t, Options{Seeds: 400, Faults: c.faults}, func(s *Sim) { c.program(s, true) }).passes(t)
		})
	}
}

// tree is a system of one supervisor that never gives up.
func tree(s *Sim, name string, children ...bastion.ChildSpec) {
	s.Helper()
	s.System(bastion.Config{Name: name}, bastion.SupervisorSpec{Name: "sup", Intensity: bastion.Unlimited, Children: children})
}

// must is what an ask gives that is sure to be answered.
func must[A any](s *Sim) func(A, error) A {
	return func(a A, err error) A {
		s.Helper()
		if err != nil {
			s.Fatal(err)
		}
		return a
	}
}
