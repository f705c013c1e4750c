package dispatcher_test

import (
	"context"
	"fmt"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/dispatcher"
)

// A register is a handler of one's own: it writes down who comes and goes, and leaves broadcasts as they are.
type register struct{ dispatcher.ToEveryone }

func (register) Notify(_ *dispatcher.Group, n dispatcher.Notification) {
	fmt.Println(n.Ref.Path(), "is", n.Kind)
}

func room(*bastion.Context, any) error { return nil }

// A named group with a handler that is notified, and an anonymous one.
func Example() {
	ctx := context.Background()
	sys := must(bastion.New(bastion.Config{Name: "hotel"}))
	desk := dispatcher.New(sys)
	rooms := must(desk.Named("rooms", register{}))
	staff := desk.Anonymous(dispatcher.ToOne{})

	start := bastion.Handle(func() bastion.Receiver { return bastion.ReceiverFunc(room) })
	sup := must(sys.Supervise(bastion.SupervisorSpec{Name: "floor", Children: []bastion.ChildSpec{
		rooms.Join(bastion.ChildSpec{Name: "rooms", Count: 2, Start: start}),
		{Name: "porter", Start: start},
	}}))
	if err := sys.Start(ctx); err != nil {
		panic(err)
	}
	if err := staff.Register(sup.Child("porter")); err != nil {
		panic(err)
	}

	results, err := desk.Broadcast(ctx, "rooms", "breakfast")
	for _, r := range results {
		fmt.Println("breakfast for", r.To.Path(), r.Err)
	}
	fmt.Println(err)
	results, err = desk.BroadcastAll(ctx, "fire drill")
	fmt.Println("fire drill:", len(results), "rooms, and one of the staff", err)

	rooms.Remove(sup.Group("rooms").Member(1))
	rooms.Close()
	_, err = desk.Broadcast(ctx, "rooms", "dinner")
	fmt.Println(err)
	if err := sys.Stop(ctx); err != nil {
		panic(err)
	}
	// Output:
	// /hotel/floor/rooms/0 is registered
	// /hotel/floor/rooms/1 is registered
	// breakfast for /hotel/floor/rooms/0 <nil>
	// breakfast for /hotel/floor/rooms/1 <nil>
	// <nil>
	// fire drill: 2 rooms, and one of the staff <nil>
	// /hotel/floor/rooms/1 is removed
	// /hotel/floor/rooms/0 is removed
	// dispatcher: no such group: "rooms"
}
