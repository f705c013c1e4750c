package ours

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/bastion-go/bastion"
)

// Programs are what this engine can run.
var Programs = map[string]func(n int) int64{
	"skynet":               skynet,
	"counting":             counting,
	"fork-join-throughput": forkJoinThroughput,
	"fork-join-create":     forkJoinCreate,
	"big":                  big,
	"chameneos":            chameneos,
	"bank":                 bank,
	"barber":               barber,
	"sieve":                sieve,
	"queens":               queens,
}

var outside = context.Background()

// A stage is a running system, and where its programs' answer comes out.
type stage struct {
	sys    *bastion.System
	sup    *bastion.Supervisor
	answer chan int64
}

// onStage runs a program: set makes its actors and sends the first message.
func onStage(set func(s *stage)) int64 {
	s := &stage{answer: make(chan int64, 1)}
	s.sys = must(bastion.New(bastion.Config{Name: "savina", Logger: slog.New(slog.DiscardHandler), Intensity: bastion.NoRestarts}))
	s.sup = must(s.sys.Supervise(bastion.SupervisorSpec{Name: "stage", Intensity: bastion.NoRestarts}))
	check(s.sys.Start(outside))
	set(s)
	select {
	case a := <-s.answer:
		check(s.sys.Stop(outside))
		if b := s.sys.Inspector().Books(); !b.Balanced() || b.Failed > 0 {
			panic(fmt.Sprintf("the books are wrong: %v", b))
		}
		return a
	case <-s.sys.Done():
		panic(s.sys.Wait())
	}
}

// cast is a group without members; the program spawns them.
func (s *stage) cast(name string, make func() bastion.Receiver) *bastion.Group {
	return must(s.sup.AddGroup(outside, bastion.ChildSpec{
		Name: name, Group: true, Restart: bastion.Temporary, Intensity: bastion.NoRestarts, Start: bastion.Handle(make),
	}))
}

// actor is one that there is once.
func (s *stage) actor(name string, r bastion.Receiver) bastion.Ref {
	return must(s.sup.Add(outside, bastion.ChildSpec{
		Name: name, Restart: bastion.Temporary, Start: bastion.Handle(func() bastion.Receiver { return r }),
	}))
}

func must[T any](v T, err error) T {
	check(err)
	return v
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
