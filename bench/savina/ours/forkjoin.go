package ours

import (
	"sync/atomic"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/bench/savina"
)

// A worker of fork-join does its work for each message; the last of all gives the answer.
type worker struct {
	n    int
	sink float64
	done func(n int)
	once bool // ends after the first
}

func (w *worker) Receive(ctx *bastion.Context, msg any) error {
	m := msg.(produce)
	w.sink += savina.Compute(37.2)
	if w.n++; w.n == m.n {
		w.done(w.n)
		if w.once {
			return ctx.Exit(bastion.ErrNormal)
		}
	}
	return nil
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

func forkJoinThroughput(n int) int64 {
	return onStage(func(s *stage) {
		done := tally(s, savina.ForkJoinActors*int64(n))
		group := s.cast("workers", func() bastion.Receiver { return &worker{done: done} })
		var workers []bastion.Ref
		for range savina.ForkJoinActors {
			workers = append(workers, must(group.Spawn(outside)))
		}
		for range n {
			for _, w := range workers {
				check(w.Tell(outside, produce{n}))
			}
		}
	})
}

func forkJoinCreate(n int) int64 {
	return onStage(func(s *stage) {
		done := tally(s, int64(n))
		group := s.cast("workers", func() bastion.Receiver { return &worker{done: done, once: true} })
		for range n {
			check(must(group.Spawn(outside)).Tell(outside, produce{1}))
		}
	})
}
