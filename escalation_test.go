package bastion_test

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/bastion-go/bastion"
)

// deepFailure is a supervisor whose child at the bottom, in a group in a subtree, leads to the end of the system.
func deepFailure() bastion.SupervisorSpec {
	return bastion.SupervisorSpec{Intensity: bastion.NoRestarts, Children: []bastion.ChildSpec{
		{Name: "t", Start: bastion.Subtree(bastion.SupervisorSpec{Intensity: bastion.NoRestarts, Children: []bastion.ChildSpec{
			{Name: "g", Start: actor(), Count: 1, Intensity: bastion.NoRestarts},
		}})},
	}}
}

func TestS3_TheWholeChainIsReported(t *testing.T) {
	log := &lockedBuffer{}
	r := rigUp(t, deepFailure(), func(c *bastion.Config) {
		c.Intensity, c.Logger = bastion.NoRestarts, slog.New(slog.NewTextHandler(log, nil))
	})
	check(r.sup.Supervisor("t").Group("g").Member(0).Tell(t.Context(), do(func(*bastion.Context) error {
		return fmt.Errorf("wrapped: %w", errBoom)
	})))
	err := rigIn(t, "Wait", r.sys.Wait)
	var last *bastion.EscalationError
	if !errors.Is(err, errBoom) || !errors.As(err, &last) || last.Supervisor != "/sys" {
		t.Fatal(err)
	}
	want := []string{
		"/sys/sup/t/g/0 failed: wrapped: boom",
		"/sys/sup/t/g gave up on /sys/sup/t/g/0: " + bastion.ErrIntensity.Error(),
		"/sys/sup/t gave up on /sys/sup/t/g: " + bastion.ErrIntensity.Error(),
		"/sys/sup gave up on /sys/sup/t: " + bastion.ErrIntensity.Error(),
		"/sys gave up on /sys/sup: " + bastion.ErrIntensity.Error(),
	}
	if got := last.Chain(); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("chain %q", got)
	}
	for i, path := range []string{"/sys/sup/t/g/0", "/sys/sup/t/g", "/sys/sup/t", "/sys/sup", "/sys"} {
		e := r.await(bastion.EventFailed, path)
		if chain := e.Report.Chain(); i > 0 && strings.Join(chain, "\n") != strings.Join(want[:i+1], "\n") {
			t.Errorf("%s: chain %q", path, chain)
		}
		if text := e.Report.String(); i > 0 && !strings.Contains(text, "\t"+want[i]) {
			t.Errorf("%s: %s", path, text)
		}
		if !strings.Contains(log.String(), "path="+path+" ") {
			t.Errorf("the log has no record of %s", path)
		}
	}
	if n := strings.Count(log.String(), "supervisor gave up"); n != 4 {
		t.Errorf("%d records of supervisors:\n%s", n, log)
	}
}

func TestL10_Backtraces(t *testing.T) {
	frames := map[bastion.Backtraces]func(int) bool{
		bastion.FullBacktraces:  func(n int) bool { return n > 20 },
		bastion.ShortBacktraces: func(n int) bool { return n == 8 },
		bastion.NoBacktraces:    func(n int) bool { return n == 0 },
	}
	for kind, right := range frames {
		t.Run(kind.String(), func(t *testing.T) {
			log := &lockedBuffer{}
			r := rigUp(t, bastion.SupervisorSpec{Children: []bastion.ChildSpec{{Name: "c", Start: actor()}}}, func(c *bastion.Config) {
				c.Backtraces, c.Logger = kind, slog.New(slog.NewTextHandler(log, nil))
			})
			r.tell("c", do(func(*bastion.Context) error { dig(20); return nil }))
			stack := r.await(bastion.EventFailed, "/sys/sup/c").Report.Stack()
			if n := strings.Count(stack, "\n\t"); !right(n) {
				t.Errorf("%d frames:\n%s", n, stack)
			}
			if kind == bastion.ShortBacktraces && !strings.HasPrefix(stack, "github.com/bastion-go/bastion_test.dig") {
				t.Errorf("it begins with:\n%s", stack)
			}
			check(r.sys.Stop(t.Context()))
			if has := strings.Contains(log.String(), "bastion_test.dig"); has != (kind != bastion.NoBacktraces) {
				t.Errorf("in the log: %v", has)
			}
		})
	}
	_, err := bastion.New(bastion.Config{Backtraces: 3})
	wantFaults(t, err, "Backtraces")
}

// dig panics n calls deep.
//
//go:noinline
func dig(n int) int {
	if n == 0 {
		panic("deep")
	}
	return dig(n-1) + 1
}

// The conditions of a supervisor see the end of a group, too; those of the group itself are for its members.
func TestS12_ConditionsOfGroups(t *testing.T) {
	r := rigUp(t, bastion.SupervisorSpec{
		Conditions: []bastion.Condition{{Is: bastion.ErrIntensity, Then: bastion.StopChild}},
		Children: []bastion.ChildSpec{
			{Name: "g", Start: actor(), Count: 2, Intensity: bastion.NoRestarts},
			{Name: "own", Start: actor(), Count: 1, Intensity: bastion.NoRestarts, Conditions: []bastion.Condition{{Then: bastion.Resume}}},
		},
	}, func(c *bastion.Config) { c.Intensity = bastion.NoRestarts })
	check(r.sup.Group("g").Member(0).Tell(t.Context(), fail{}))
	if e := r.await(bastion.EventStopped, "/sys/sup/g"); !errors.Is(e.Reason, errBoom) {
		t.Errorf("reason %v", e.Reason)
	}
	own := r.sup.Group("own").Member(0)
	for range 3 {
		check(own.Tell(t.Context(), fail{}))
	}
	if inc := r.sync(own); inc != 1 {
		t.Errorf("incarnation %d", inc)
	}
	check(r.sup.Restart(t.Context(), "g"))
}

// Every outcome for the end of a subtree. To resume it is to restart it: it is down.
func TestS12_EveryOutcomeForASubtree(t *testing.T) {
	for then := bastion.RestartChild; then <= bastion.StopSystem; then++ {
		t.Run(then.String(), func(t *testing.T) {
			tree := bastion.Subtree(bastion.SupervisorSpec{Intensity: bastion.NoRestarts, Children: []bastion.ChildSpec{{Name: "c", Start: actor()}}})
			r := rigUp(t, bastion.SupervisorSpec{Intensity: bastion.Unlimited, Children: []bastion.ChildSpec{
				{Name: "t", Start: tree, Restart: bastion.Temporary, Conditions: []bastion.Condition{{Is: errBoom, Then: then}}},
			}}, func(c *bastion.Config) { c.Intensity = bastion.NoRestarts })
			check(r.sup.Supervisor("t").Child("c").Tell(t.Context(), fail{}))
			switch then {
			case bastion.RestartChild, bastion.Resume: // whatever its type
				r.await(bastion.EventRestarting, "/sys/sup/t")
				r.await(bastion.EventStarted, "/sys/sup/t/c")
			case bastion.StopChild:
				r.await(bastion.EventStopped, "/sys/sup/t")
			default:
				cause := map[bastion.Outcome]error{bastion.Escalate: bastion.ErrEscalated, bastion.StopSystem: bastion.ErrSystemStop}[then]
				if err := rigIn(t, "Wait", r.sys.Wait); !errors.Is(err, cause) || !errors.Is(err, errBoom) {
					t.Error(err)
				}
			}
		})
	}
}

// Attempts count the restarts in a row, also of subtrees.
func TestS12_AttemptsOfASubtree(t *testing.T) {
	tree := bastion.Subtree(bastion.SupervisorSpec{Intensity: bastion.NoRestarts, Children: []bastion.ChildSpec{{Name: "c", Start: actor()}}})
	r := rigUp(t, bastion.SupervisorSpec{Intensity: bastion.Unlimited, Children: []bastion.ChildSpec{
		{Name: "t", Start: tree, Conditions: []bastion.Condition{{Attempts: 2, Then: bastion.StopChild}}},
	}})
	for range 2 {
		check(r.sup.Supervisor("t").Child("c").Tell(t.Context(), fail{}))
		r.await(bastion.EventRestarting, "/sys/sup/t")
		r.await(bastion.EventStarted, "/sys/sup/t/c")
	}
	check(r.sup.Supervisor("t").Child("c").Tell(t.Context(), fail{}))
	r.await(bastion.EventStopped, "/sys/sup/t")
}
