package bastiontest

import (
	"context"
	"errors"

	"github.com/bastion-go/bastion"
)

// system is one that was made in the run.
type system struct {
	*bastion.System
	s *Sim
}

// New makes a system in the run, as bastion.New does, which a bad config fails at once. Where the config says nothing of
// a Logger, what it logs is shown if the run fails. When main has returned and the system still runs, it is stopped; then
// its books must balance.
func (s *Sim) New(cfg bastion.Config) *bastion.System {
	s.Helper()
	cfg.Faults = s.faults.before(cfg.Faults)
	return s.newBare(cfg)
}

// newBare is New without faults.
func (s *Sim) newBare(cfg bastion.Config) *bastion.System {
	s.Helper()
	cfg.Seeded, cfg.Clock = s.seeded, nil
	if cfg.Logger == nil {
		cfg.Logger = s.log.logger()
	}
	sys, err := bastion.New(cfg)
	if err != nil {
		s.Fatalf("New: %v", err)
	}
	s.systems = append(s.systems, &system{sys, s})
	return sys
}

// System makes a system with supervisors under its root and starts it. What does not start fails the run at once; a test
// of that takes New.
func (s *Sim) System(cfg bastion.Config, tree ...bastion.SupervisorSpec) *bastion.System {
	s.Helper()
	sys := s.New(cfg)
	for _, spec := range tree {
		if _, err := sys.Supervise(spec); err != nil {
			s.Fatalf("Supervise: %v", err)
		}
	}
	if err := sys.Start(context.Background()); err != nil {
		s.Fatalf("Start: %v", err)
	}
	return sys
}

// Ref is the process with this path, such as /bastion/bank/teller, in a system of the run. One that is not there fails
// the run at once.
func (s *Sim) Ref(path string) bastion.Ref {
	s.Helper()
	for _, sys := range s.systems {
		if ref, err := sys.Lookup(path); err == nil {
			return ref
		}
	}
	s.Fatalf("no process %s", path)
	return bastion.Ref{}
}

// stop ends the system if it still is there, and looks at what it leaves.
func (x *system) stop() {
	err := x.Stop(context.Background())
	if err != nil && !errors.Is(err, bastion.ErrNotStarted) && !x.s.faults.excused(err) {
		x.s.add(trouble{key: "stop", text: x.Name() + ": Stop: " + err.Error()})
	}
	b := x.Inspector().Books()
	if x.Inspector().State() == "stopped" && (b.Live || !b.Balanced() || b.InHand+b.Mailboxes > 0) {
		x.s.add(trouble{key: "books", text: x.Name() + ": books at rest: " + b.String()})
	}
}
