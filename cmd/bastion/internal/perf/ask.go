package perf

import (
	"context"
	"fmt"

	"github.com/bastion-go/bastion"
)

// quiz is the question of every ask row; the right answer is n + 1.
type quiz struct {
	bastion.Returns[int]
	n int
}

// know answers a quiz.
func know(ctx *bastion.Context, msg any) error {
	q, ok := msg.(quiz)
	if !ok {
		return ctx.Unhandled()
	}
	return q.Reply(ctx, q.n+1)
}

func answerer() bastion.ChildSpec {
	return bastion.ChildSpec{Name: "answerer", Start: bastion.Handle(func() bastion.Receiver {
		return bastion.ReceiverFunc(know)
	})}
}

func graded(answer, n int, err error) error {
	if err == nil && answer != n+1 {
		err = fmt.Errorf("asked %d and was answered %d", n, answer)
	}
	return err
}

// askOutside lets one goroutine ask and wait for each answer.
func askOutside(clock func(*Run) func(func() error) (float64, error)) Probe {
	return func(ctx context.Context, r *Run) (float64, error) {
		return onRig(ctx, []bastion.ChildSpec{answerer()}, func(g *rig) (float64, error) {
			to := g.sup.Child("answerer")
			outside, cancel := context.WithCancel(context.Background())
			defer cancel()
			defer context.AfterFunc(ctx, cancel)()
			return r.warm(func(n int) error {
				for i := range n {
					answer, err := bastion.Ask(outside, to, quiz{n: i})
					if err := graded(answer, i, err); err != nil {
						return err
					}
				}
				g.handled += n
				return nil
			}, clock(r))
		})
	}
}

// asker is a process that asks the answerer so often; how says in which way.
type asker struct {
	how  func(a *asker, ctx *bastion.Context, o *order) error
	to   bastion.Ref
	then func(ctx *bastion.Context, answer int, err error) error

	n, left int
	right   int // answers that were right; the driver reads it after done
	done    chan struct{}
}

func (a *asker) Receive(ctx *bastion.Context, msg any) error {
	o, ok := msg.(*order)
	if !ok {
		return ctx.Unhandled()
	}
	if a.to.IsZero() {
		a.to = ctx.Supervisor().Child("answerer")
	}
	return a.how(a, ctx, o)
}

// askThen asks the next question in the answer to the last.
func askThen(a *asker, ctx *bastion.Context, o *order) error {
	a.left = o.left
	if a.then == nil {
		a.then = a.answered // once: a method value is an allocation
	}
	return a.next(ctx)
}

func (a *asker) next(ctx *bastion.Context) error {
	a.n++
	return bastion.AskThen(ctx, a.to, quiz{n: a.n}, a.then)
}

func (a *asker) answered(ctx *bastion.Context, answer int, err error) error {
	if err := graded(answer, a.n, err); err != nil {
		return err
	}
	a.right++
	if a.left--; a.left == 0 {
		a.done <- struct{}{}
		return nil
	}
	return a.next(ctx)
}

// askInside waits for each answer inside the handler. A handler that asks a
// million times in one message would rightly be reported as slow: it takes a
// thousand and lets others run.
func askInside(a *asker, ctx *bastion.Context, o *order) error {
	now := min(o.left, 1000)
	for range now {
		a.n++
		answer, err := bastion.Ask(ctx, a.to, quiz{n: a.n})
		if err := graded(answer, a.n, err); err != nil {
			return err
		}
		a.right++
	}
	if o.left -= now; o.left > 0 {
		return ctx.Self().Tell(ctx, o)
	}
	a.done <- struct{}{}
	return nil
}

// askProcess lets one process ask another.
func askProcess(how func(*asker, *bastion.Context, *order) error) Probe {
	return func(ctx context.Context, r *Run) (float64, error) {
		a := &asker{how: how, done: make(chan struct{}, 1)}
		children := []bastion.ChildSpec{answerer(), {
			Name: "asker", Start: bastion.Handle(func() bastion.Receiver { return a }),
		}}
		return onRig(ctx, children, func(g *rig) (float64, error) {
			to := g.sup.Child("asker")
			return r.laps(func(n int) error {
				want := a.right + n
				if err := to.Tell(context.Background(), &order{left: n}); err != nil {
					return err
				}
				if err := g.await(ctx, a.done); err != nil {
					return err
				}
				g.handled += n
				return counted("answers", a.right, want)
			})
		})
	}
}

// The clocks of askOutside.
func byWall(r *Run) func(func() error) (float64, error)    { return r.wall }
func byMallocs(r *Run) func(func() error) (float64, error) { return r.mallocs }
