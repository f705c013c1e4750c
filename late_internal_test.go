package bastion

import (
	"context"
	"errors"
	"testing"
)

// What timers, exit signals and ends post is posted without asking whether the supervisor still has this life, so each
// kind of it must find nothing to do when that is over.
func TestL7_LateEventsFindASupervisorThatIsDown(t *testing.T) {
	sys, err := New(Config{Name: "sys"})
	if err != nil {
		t.Fatal(err)
	}
	nothing := Handle(func() Receiver { return ReceiverFunc(func(*Context, any) error { return nil }) })
	sup, err := sys.Supervise(SupervisorSpec{Name: "sup", Children: []ChildSpec{
		{Name: "p", Start: nothing}, {Name: "g", Count: 1, Start: nothing}, {Name: "sub", Start: Subtree(SupervisorSpec{})},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := sys.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	group, member := sup.Group("g").g, sup.Group("g").Member(0).p
	if err := sys.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	late := func(b *base, id uint64, p *process) {
		for _, inc := range []uint32{0, 1, 2} {
			for kind := eventStarted; kind <= eventKill; kind++ {
				switch kind {
				case eventBegin, eventOrder, eventHook, eventRites: // from a living parent, from the API, and from what an end waits for
					continue
				}
				if p == nil && kind != eventExited && kind != eventDue && kind != eventExpired && kind != eventStartTimeout && kind != eventStarted {
					continue // nobody says this of a subtree
				}
				b.post(event{
					kind: kind, id: id, p: p, inc: inc,
					reason: &silenceError{}, failure: &Failure{Reason: errors.New("late")},
				})
			}
		}
	}
	for id, c := range sup.s.children.ids {
		late(&sup.s.base, uint64(id), c.proc)
	}
	late(&group.base, 0, member)
	if b := sys.Inspector().Books(); !b.Balanced() {
		t.Error(b)
	}
}
