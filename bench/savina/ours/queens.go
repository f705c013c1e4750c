package ours

import (
	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/bench/savina"
)

type (
	work   struct{ board []int8 }
	solved struct{ n int64 }
	done   struct{}
)

type queensWorker struct {
	master bastion.Ref
	n      int
}

func (w *queensWorker) Receive(ctx *bastion.Context, msg any) error {
	board := msg.(work).board
	if len(board) >= savina.QueensDepth || len(board) == w.n {
		if err := w.master.Tell(ctx, solved{savina.Queens(w.n, board)}); err != nil {
			return err
		}
	} else {
		for _, b := range savina.Places(w.n, board) {
			if err := w.master.Tell(ctx, work{b}); err != nil {
				return err
			}
		}
	}
	return w.master.Tell(ctx, done{})
}

// The master hands out the work in turn, and knows how much is under way.
type master struct {
	workers   []bastion.Ref
	turn      int
	under     int
	solutions int64
	out       chan<- int64
}

func (m *master) Receive(ctx *bastion.Context, msg any) error {
	switch msg := msg.(type) {
	case meet:
		m.workers = msg.everyone
		return m.hand(ctx, work{})
	case work:
		return m.hand(ctx, msg)
	case solved:
		m.solutions += msg.n
	case done:
		if m.under--; m.under == 0 {
			m.out <- m.solutions
		}
	}
	return nil
}

func (m *master) hand(ctx *bastion.Context, w work) error {
	m.under++
	m.turn = (m.turn + 1) % len(m.workers)
	return m.workers[m.turn].Tell(ctx, w)
}

func queens(n int) int64 {
	return onStage(func(s *stage) {
		boss := s.actor("master", &master{out: s.answer})
		group := s.cast("workers", func() bastion.Receiver { return &queensWorker{boss, n} })
		var workers []bastion.Ref
		for range savina.QueensWorkers {
			workers = append(workers, must(group.Spawn(outside)))
		}
		check(boss.Tell(outside, meet{workers}))
	})
}
