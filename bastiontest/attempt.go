package bastiontest

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"time"

	"github.com/bastion-go/bastion/executor"
)

// An attempt says how one run is made.
type attempt struct {
	seed   uint64
	from   executor.Source
	limit  int  // of steps; 0: that of the Options
	steps  bool // keep them
	hashed bool // the trace is wanted as a number
	hears  bool // the Sim wants to hear the steps itself
}

// An outcome is what became of a run.
type outcome struct {
	seed    uint64
	tape    *tape
	trouble []trouble
	skipped bool
	made    int           // steps
	took    time.Duration // virtual
	log     string
	steps   []executor.Step
	sum     uint64 // of the trace
}

func (o *outcome) failed() bool { return len(o.trouble) > 0 }

// attempt makes one run.
func (c *campaign) attempt(a attempt) *outcome {
	o := &outcome{seed: a.seed, tape: newTape(a.from)}
	s := &Sim{TB: c.t, seed: a.seed, tape: o.tape}
	if c.c.History {
		s.history = new(History)
	}
	cfg := executor.SeededConfig{
		Seed: a.seed, Source: o.tape, Start: c.c.Start, StepLimit: c.c.StepLimit, Patience: c.c.Patience,
		AtomicSends: c.c.AtomicSends, Trace: o.listener(a, s),
	}
	if a.limit > 0 {
		cfg.StepLimit = a.limit
	}
	s.faults = newStriker(s, c.c.Faults)
	cfg.Late = s.faults.late
	run, err := executor.NewSeeded(cfg)
	if err != nil {
		o.trouble = []trouble{{key: "config", text: err.Error()}}
		return o
	}
	s.seeded, s.began = run, run.Clock().Now()
	if w, ok := a.from.(*walk); ok {
		w.begin(run)
	}
	s.ctx, s.end = context.WithCancel(context.Background())
	err = c.alone(func() error { return run.Run(func() { s.drive(c.main) }) })
	s.end()
	o.end(s, err)
	return o
}

// errGoexit is the end of a driver that nobody here has ended.
var errGoexit = errors.New("main was ended by runtime.Goexit, as FailNow of the test itself does: " +
	"inside of a simulation use that of the Sim")

// alone calls f on a goroutine of its own, because a driver that ends by Goexit takes its caller with it.
func (c *campaign) alone(f func() error) (err error) {
	err = errGoexit
	done := make(chan struct{})
	go func() {
		defer close(done)
		err = f()
	}()
	<-done
	return err
}

// end reads what has become of the run.
func (o *outcome) end(s *Sim, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o.trouble, o.skipped = append(o.trouble, s.trouble...), s.skipped
	o.took = s.Elapsed()
	o.log = s.log.text()
	var fault *executor.SeededError
	switch {
	case errors.As(err, &fault):
		o.trouble = append(o.trouble, trouble{key: fmt.Sprint("fault ", fault.Fault), text: explain(fault)})
	case err != nil:
		o.trouble = append(o.trouble, trouble{key: "run", text: err.Error()})
	case !s.returned && !o.skipped && !o.failed():
		o.trouble = append(o.trouble, trouble{key: "goexit", text: errGoexit.Error()})
	}
	if o.failed() {
		o.skipped = false
	}
}

// listener is what hears the steps of the run; nil: nothing does.
func (o *outcome) listener(a attempt, s *Sim) func(executor.Step) {
	var hears []func(executor.Step)
	if s.history != nil {
		hears = append(hears, s.history.Step)
	}
	if a.hears {
		hears = append(hears, s.heard)
	}
	switch {
	case a.steps:
		hears = append(hears, func(s executor.Step) { o.steps, o.made = append(o.steps, s), s.N })
	case a.hashed:
		sum := fnv.New64a()
		hears = append(hears, func(s executor.Step) {
			_, _ = io.WriteString(sum, s.String())
			o.sum, o.made = sum.Sum64(), s.N
		})
	}
	if len(hears) == 0 {
		return nil
	}
	return func(s executor.Step) {
		for _, hear := range hears {
			hear(s)
		}
	}
}
