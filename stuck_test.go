package bastion_test

import (
	"errors"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
)

// A failure whose stop hook, or whose condition, then hangs keeps its first reason and its message.
func TestL7_AFailureWithAStuckStopHookKeepsItsReason(t *testing.T) {
	gate := make(chan struct{})
	stuck := withHooks(hooked{stop: func(ctx *bastion.Context, _ error) error {
		if ctx.Incarnation() == 1 {
			<-gate
		}
		return nil
	}})
	match := func(f bastion.Failure) bool {
		if f.Incarnation == 1 {
			<-gate
		}
		return false
	}
	specs := map[string]bastion.ChildSpec{
		"hook":      {Start: stuck},
		"condition": {Start: actor(), Conditions: []bastion.Condition{{Match: match, Then: bastion.StopChild}}},
		"outcome":   {Start: stuck, Conditions: []bastion.Condition{{Is: errBoom, Then: bastion.StopChild}}},
	}
	for name, spec := range specs {
		t.Run(name, func(t *testing.T) {
			spec.Name, spec.Shutdown = "c", 5*time.Millisecond
			r := rigOf(t, spec)
			r.left = true // until the gate opens
			r.tell("c", fail{})
			e := r.await(bastion.EventFailed, "/sys/sup/c")
			if !errors.Is(e.Reason, errBoom) || !errors.Is(e.Reason, bastion.ErrAbandoned) || e.Report.Message != (fail{}) {
				t.Errorf("reason %v, message %v", e.Reason, e.Report.Message)
			}
			if name == "outcome" { // what the condition said counts
				r.await(bastion.EventStopped, "/sys/sup/c")
				return
			}
			if inc := r.sync(r.child("c")); inc != 2 {
				t.Errorf("incarnation %d", inc)
			}
		})
	}
	close(gate)
}
