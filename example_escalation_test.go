package bastion_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/bastion-go/bastion"
)

// A failure that nobody below can deal with goes up to the root, and the system stops. Its reason is the first one, and
// tells who gave up on whom on the way; the crash reports do, too.
func ExampleEscalationError() {
	ctx := context.Background()
	errDisk := errors.New("disk is full")
	writer := bastion.Handle(func() bastion.Receiver {
		return bastion.ReceiverFunc(func(*bastion.Context, any) error { return errDisk })
	})
	sys := must(bastion.New(bastion.Config{Name: "shop", Logger: quiet, Intensity: bastion.NoRestarts}))
	sup := must(sys.Supervise(bastion.SupervisorSpec{Name: "floor", Intensity: bastion.NoRestarts, Children: []bastion.ChildSpec{
		{Name: "store", Start: bastion.Subtree(bastion.SupervisorSpec{
			Intensity: bastion.NoRestarts, Children: []bastion.ChildSpec{{Name: "writer", Start: writer}},
		})},
	}}))
	events := sys.Events(0)
	check(sys.Start(ctx))
	check(sup.Supervisor("store").Child("writer").Tell(ctx, "a line"))

	err := sys.Wait()
	fmt.Println(errors.Is(err, errDisk), errors.Is(err, bastion.ErrIntensity))
	var gaveUp *bastion.EscalationError
	if errors.As(err, &gaveUp) {
		for _, step := range gaveUp.Chain() {
			fmt.Println("-", step)
		}
	}
	for e := range events.C() {
		if e.Kind == bastion.EventFailed {
			fmt.Println(e.Path, "->", e.Report.Decision, len(e.Report.Chain()))
		}
	}
	// Output:
	// true true
	// - /shop/floor/store/writer failed: disk is full
	// - /shop/floor/store gave up on /shop/floor/store/writer: bastion: restart intensity exceeded
	// - /shop/floor gave up on /shop/floor/store: bastion: restart intensity exceeded
	// - /shop gave up on /shop/floor: bastion: restart intensity exceeded
	// /shop/floor/store/writer -> escalate (intensity exceeded) 0
	// /shop/floor/store -> escalate (intensity exceeded) 2
	// /shop/floor -> escalate (intensity exceeded) 3
	// /shop -> the system stops 4
}
