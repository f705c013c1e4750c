package proto

import (
	"github.com/asynkron/protoactor-go/actor"

	"github.com/bastion-go/bastion/bench/savina"
)

type (
	work   struct{ board []int8 }
	solved struct{ n int64 }
	done   struct{}
)

type queensWorker struct {
	master *actor.PID
	n      int
}

func (w *queensWorker) Receive(ctx actor.Context) {
	m, ok := ctx.Message().(work)
	if !ok {
		return
	}
	if board := m.board; len(board) >= savina.QueensDepth || len(board) == w.n {
		ctx.Send(w.master, solved{savina.Queens(w.n, board)})
	} else {
		for _, b := range savina.Places(w.n, board) {
			ctx.Send(w.master, work{b})
		}
	}
	ctx.Send(w.master, done{})
}

// The master hands out the work in turn, and knows how much is under way.
type master struct {
	workers   []*actor.PID
	turn      int
	under     int
	solutions int64
	out       chan<- int64
}

func (m *master) Receive(ctx actor.Context) {
	switch msg := ctx.Message().(type) {
	case meet:
		m.workers = msg.everyone
		m.hand(ctx, work{})
	case work:
		m.hand(ctx, msg)
	case solved:
		m.solutions += msg.n
	case done:
		if m.under--; m.under == 0 {
			m.out <- m.solutions
		}
	}
}

func (m *master) hand(ctx actor.Context, w work) {
	m.under++
	m.turn = (m.turn + 1) % len(m.workers)
	ctx.Send(m.workers[m.turn], w)
}

func queens(n int) int64 {
	return onStage(func(s *stage) {
		boss := s.actor(&master{out: s.answer})
		var workers []*actor.PID
		for range savina.QueensWorkers {
			workers = append(workers, s.actor(&queensWorker{boss, n}))
		}
		s.root.Send(boss, meet{workers})
	})
}
