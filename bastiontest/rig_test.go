package bastiontest

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
)

// A judge is a testing.TB that keeps what it is told, for tests of what fails.
type judge struct {
	testing.TB
	mu      sync.Mutex
	name    string
	said    strings.Builder
	failed  bool
	skipped bool
	needed  int // seeds until the first that failed
}

func (j *judge) Helper()      {}
func (j *judge) Name() string { return j.name }

func (j *judge) Errorf(format string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.failed = true
	fmt.Fprintf(&j.said, format+"\n", args...)
}

func (j *judge) Fatalf(format string, args ...any) { j.Errorf(format, args...) }

func (j *judge) Skipf(format string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.skipped = true
	fmt.Fprintf(&j.said, format+"\n", args...)
}

// judged runs main as a test would, and returns what that was told.
func judged(t *testing.T, o Options, main func(s *Sim)) *judge {
	t.Helper()
	j := &judge{TB: t, name: "TestX"}
	c, err := o.check()
	if err != nil {
		t.Fatal(err)
	}
	camp := &campaign{t: j, main: main, c: command{Options: c}, tell: &j.said, shrinkFor: time.Hour, traces: t.TempDir()}
	camp.run()
	j.needed = camp.needed
	return j
}

// wants holds that the test has failed, and that it has said so.
func (j *judge) wants(t *testing.T, words ...string) {
	t.Helper()
	if !j.failed {
		t.Errorf("it has not failed; it said:\n%s", j.said.String())
	}
	for _, w := range words {
		if !strings.Contains(j.said.String(), w) {
			t.Errorf("%q is not in:\n%s", w, j.said.String())
		}
	}
}

// passes holds that it has not failed.
func (j *judge) passes(t *testing.T) {
	t.Helper()
	if j.failed {
		t.Errorf("it has failed:\n%s", j.said.String())
	}
}

// handle is a handler process that is a function.
func handle(f func(ctx *bastion.Context, msg any) error) bastion.Behavior {
	return bastion.Handle(func() bastion.Receiver { return bastion.ReceiverFunc(f) })
}
