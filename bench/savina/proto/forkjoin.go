package proto

import (
	"github.com/asynkron/protoactor-go/actor"

	"github.com/bastion-go/bastion/bench/savina"
)

// A worker of fork-join does its work for each message; the last of all gives the answer.
type worker struct {
	n    int
	sink float64
	done func(n int)
	once bool // ends after the first
}

func (w *worker) Receive(ctx actor.Context) {
	m, ok := ctx.Message().(produce)
	if !ok {
		return
	}
	w.sink += savina.Compute(37.2)
	if w.n++; w.n == m.n {
		w.done(w.n)
		if w.once {
			ctx.Stop(ctx.Self())
		}
	}
}

func forkJoinThroughput(n int) int64 {
	return onStage(func(s *stage) {
		done := tally(s, savina.ForkJoinActors*int64(n))
		var workers []*actor.PID
		for range savina.ForkJoinActors {
			workers = append(workers, s.actor(&worker{done: done}))
		}
		for range n {
			for _, w := range workers {
				s.root.Send(w, produce{n})
			}
		}
	})
}

func forkJoinCreate(n int) int64 {
	return onStage(func(s *stage) {
		done := tally(s, int64(n))
		props := actor.PropsFromProducer(func() actor.Actor { return &worker{done: done, once: true} })
		for range n {
			s.root.Send(s.root.Spawn(props), produce{1})
		}
	})
}
