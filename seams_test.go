package bastion

import (
	"errors"
	"testing"
)

// TestOrigin_LoopElsewhere holds that what belongs to a loop's goroutine is lent to no other, also where goroutines
// cannot be told apart.
func TestOrigin_LoopElsewhere(t *testing.T) {
	c := &Context{kind: contextLoop, own: new(ownGoroutine)}
	if _, l, _ := origin(c); l != nil {
		t.Error("another goroutine was lent the loop's free list")
	}
}

// TestGo_WhileTheEndLooksForGoroutines is the moment in which an incarnation without a life has seen that there is
// nothing to wait for, and has not ended yet.
func TestGo_WhileTheEndLooksForGoroutines(t *testing.T) {
	p := new(process)
	c := &Context{p: p, inc: p.state.begin()}
	p.state.advance(c.inc, phaseEnding)
	c.cancel(ErrShutdown)
	if err := c.Go(func(*Context) error { return nil }); !errors.Is(err, ErrStopping) {
		t.Errorf("Go: %v", err)
	}
	if c.busy() {
		t.Error("a goroutine is counted that does not run")
	}
}
