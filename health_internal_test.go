package bastion

import (
	"context"
	"testing"
	"testing/synctest"
)

// Whoever asks for the health waits for no agenda: here all of them are held by somebody who never works them off.
func TestH3_ABusyAgendaIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // in which a wait for what nobody does ends the test
		sys, err := New(Config{Name: "sys"})
		if err != nil {
			t.Fatal(err)
		}
		nothing := Handle(func() Receiver { return ReceiverFunc(func(*Context, any) error { return nil }) })
		sup, err := sys.Supervise(SupervisorSpec{Name: "sup", Children: []ChildSpec{{Name: "g", Count: 2, Start: nothing}}})
		if err != nil {
			t.Fatal(err)
		}
		if err := sys.Start(context.Background()); err != nil {
			t.Fatal(err)
		}
		bases := []*base{&sys.root.base, &sup.s.base, &sup.Group("g").g.base}
		for _, b := range bases {
			b.agenda.mu.Lock()
			b.agenda.active = true
			b.agenda.mu.Unlock()
		}
		if h := sys.Health(); !h.Ready.OK || !h.Live.OK {
			t.Errorf("%+v", h)
		}
		for _, b := range bases {
			b.agenda.mu.Lock()
			b.agenda.active = false
			b.agenda.mu.Unlock()
		}
		if err := sys.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
}
