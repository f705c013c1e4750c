package proto

import (
	"log/slog"
	"sync/atomic"

	"github.com/asynkron/protoactor-go/actor"
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

// A stage is where a program's actors are, and where its answer comes out.
type stage struct {
	root   *actor.RootContext
	answer chan int64
	cast   []*actor.PID // those that do not end by themselves
}

var root = actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger {
	return slog.New(slog.DiscardHandler)
})).Root

func onStage(set func(s *stage)) int64 {
	s := &stage{root: root, answer: make(chan int64, 1)}
	set(s)
	a := <-s.answer
	for _, p := range s.cast {
		root.Stop(p)
	}
	return a
}

// actor spawns one that is stopped at the end.
func (s *stage) actor(a actor.Actor) *actor.PID {
	p := s.root.Spawn(actor.PropsFromProducer(func() actor.Actor { return a }))
	s.cast = append(s.cast, p)
	return p
}

// tally calls for the answer when all of so many pieces are done.
func tally(s *stage, all int64) func(n int) {
	var sum atomic.Int64
	return func(n int) {
		if sum.Add(int64(n)) == all {
			s.answer <- all
		}
	}
}
