package fort

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/bastion-go/bastion/fort/internal/wire"
)

// Guarded reports whether this process is a ward.
func Guarded() bool { return here != nil }

// Incarnation is the number of this ward's life, from 1, counted over crashes and
// upgrades. It is 0 where there is no guard.
func Incarnation() int {
	if here == nil || here.greet() != nil {
		return 0
	}
	return here.greeting.Incarnation
}

// LastCrash returns how the ward before this one ended, if it crashed. After an
// upgrade, or where there is no guard, there is none. The report is the caller's.
func LastCrash() (*Crash, bool) {
	if here == nil || here.greet() != nil || here.crash == nil {
		return nil, false
	}
	c := *here.crash
	return &c, true
}

// Ready says that this ward serves: its sockets are open and what it needs is
// there. It matters with Config.WaitReady; then an upgrade waits for it as well.
// Only the first call counts. Where there is no guard it does nothing. Any
// goroutine may call it.
func Ready() {
	if here == nil || here.greet() != nil {
		return
	}
	here.mu.Lock()
	first := !here.ready
	here.ready = true
	here.mu.Unlock()
	if first {
		_ = here.guard.Send(wire.Ready, struct{}{})
	}
}

// Upgrade starts the program anew, from the file that is on disk now, and returns
// nil when the new wards have taken over. Then this one's context ends with
// ErrUpgrade, and it has the shutdown time to finish what it has begun. If a new
// ward fails before it serves, all of them are stopped, nothing else has changed,
// and the error says why. When ctx ends first the upgrade goes on without its
// caller. Where there is no guard the error is ErrNotGuarded. Any goroutine may
// call it.
func Upgrade(ctx context.Context) error {
	if here == nil {
		return ErrNotGuarded
	}
	f, err := here.ask(ctx, wire.Upgrade, func(id uint64) any { return wire.Request{ID: id} })
	if err != nil {
		return err
	}
	var reply wire.Request
	if err := json.Unmarshal(f.Payload, &reply); err != nil {
		return fmt.Errorf("fort: the guard's answer: %w", err)
	}
	if reply.Error != "" {
		return errors.New("fort: not upgraded: " + reply.Error)
	}
	return nil
}
