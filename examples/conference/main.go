// Conference has five of the staff and fifty enthusiasts, and two distributors that reach them.
//
//	go run ./examples/conference
//
// Worth a look: a message to one member, a question to one, a message to everyone and a question to everyone, each with what
// came of it for each recipient; and members that come by following a group, or one by one.
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/distributor"
)

// The staff are asked about the schedule and told of leaflets; enthusiasts hear announcements and are asked what they heard.
type (
	Schedule struct{ bastion.Returns[string] }
	Leaflet  struct{ Text string }
	Read     struct{ bastion.Returns[int] }
	Announce struct{ Text string }
	Heard    struct{ bastion.Returns[int] }
)

type staff struct{ leaflets int }

func (s *staff) Receive(ctx *bastion.Context, msg any) error {
	switch m := msg.(type) {
	case Schedule:
		return m.Reply(ctx, "the keynote is at nine")
	case Leaflet:
		s.leaflets++
		return nil
	case Read:
		return m.Reply(ctx, s.leaflets)
	}
	return ctx.Unhandled()
}

type enthusiast struct{ heard int }

func (e *enthusiast) Receive(ctx *bastion.Context, msg any) error {
	switch m := msg.(type) {
	case Announce:
		e.heard++
		return nil
	case Heard:
		return m.Reply(ctx, e.heard)
	}
	return ctx.Unhandled()
}

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	sys, err := bastion.New(bastion.Config{Name: "conference"})
	if err != nil {
		return err
	}
	hall, err := sys.Supervise(bastion.SupervisorSpec{Name: "hall", Children: []bastion.ChildSpec{
		{Name: "staff", Count: 5, Start: bastion.Handle(func() bastion.Receiver { return new(staff) })},
		{Name: "enthusiasts", Count: 50, Start: bastion.Handle(func() bastion.Receiver { return new(enthusiast) })},
	}})
	if err != nil {
		return err
	}
	desk, err := distributor.New(sys, distributor.Spec{Name: "staff", Groups: []*bastion.Group{hall.Group("staff")}})
	if err != nil {
		return err
	}
	audience, err := distributor.New(sys, distributor.Spec{Name: "audience"})
	if err != nil {
		return err
	}
	if err := sys.Start(ctx); err != nil {
		return err
	}
	defer sys.Stop(ctx)

	for _, member := range hall.Group("enthusiasts").Members()[:40] {
		audience.Add(member) // ten did not subscribe
	}
	fmt.Println(distributor.Request(ctx, desk, Schedule{}))
	told, err := audience.TellEveryone(ctx, Announce{"the keynote begins"})
	if err != nil {
		return err
	}
	fmt.Println("announced to", accepted(told), "of", len(told))
	for range 10 { // the desks take turns
		if err := desk.TellOne(ctx, Leaflet{"buy our mugs"}); err != nil {
			return err
		}
	}
	if err := count(ctx, "leaflets at each desk:", desk, Read{}); err != nil {
		return err
	}
	return count(ctx, "announcements each has heard:", audience, Heard{})
}

// count asks everyone, and prints how many gave which number.
func count[Q bastion.Question[int]](ctx context.Context, what string, d *distributor.Distributor, question Q) error {
	answers, err := distributor.AskEveryone(ctx, d, question)
	if err != nil {
		return err
	}
	by := make(map[int]int)
	for _, a := range answers {
		if a.Err != nil {
			return a.Err
		}
		by[a.Value]++
	}
	fmt.Println(what, by)
	return nil
}

func accepted(results []distributor.Result) (n int) {
	for _, r := range results {
		if r.Err == nil {
			n++
		}
	}
	return n
}
