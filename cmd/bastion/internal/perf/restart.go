package perf

import (
	"context"
	"errors"
	"runtime"
	"time"

	"github.com/bastion-go/bastion"
)

var errBoom = errors.New("perf: the crash that was asked for")

// depth is how many frames of user code a crash lies below the handler: with
// the runtime's own frames the stack stays within the 32 that the goal names.
const depth = 16

func fall() { fallFrom(depth) }

//go:noinline
func fallFrom(frames int) int {
	if frames == 0 {
		panic(errBoom)
	}
	return fallFrom(frames-1) + 1 // the sum keeps the frame
}

// boom is the message that makes a process crash.
type boom struct{ err bool }

// course is a chain of crashes: every new incarnation sends itself the message
// that ends it, so that each crash begins when the one before has been made
// good, and no goroutine from outside has to be woken in between.
type course struct {
	left   int
	starts int
	boom   *boom
	done   chan struct{}
}

// crasher is a process on the course.
type crasher struct{ course *course }

func (c *crasher) Start(ctx *bastion.Context) error {
	c.course.starts++
	if c.course.left == 0 {
		c.course.done <- struct{}{}
		return nil
	}
	c.course.left--
	return ctx.Self().Tell(ctx, c.course.boom)
}

func (c *crasher) Receive(ctx *bastion.Context, msg any) error { return crash(ctx, msg) }

func crash(ctx *bastion.Context, msg any) error {
	b, ok := msg.(*boom)
	if !ok {
		return ctx.Unhandled()
	}
	if b.err {
		return errBoom
	}
	fall()
	return nil
}

// restart is the CPU time from one incarnation's start over its crash, the
// report and the decision to the next one's start.
func restart(byError bool) Probe {
	return func(ctx context.Context, r *Run) (float64, error) {
		c := &course{boom: &boom{err: byError}, done: make(chan struct{}, 1)}
		children := []bastion.ChildSpec{{
			Name: "crashers", Group: true, Count: 1, Intensity: bastion.Unlimited,
			Start: bastion.Handle(func() bastion.Receiver { return &crasher{course: c} }),
		}}
		return onRig(ctx, children, func(g *rig) (float64, error) {
			if err := g.await(ctx, c.done); err != nil {
				return 0, err
			}
			to := g.sup.Group("crashers").Member(0)
			return r.warm(func(n int) error {
				want := c.starts + n
				c.left = n - 1
				if err := to.Tell(context.Background(), c.boom); err != nil {
					return err
				}
				if err := g.await(ctx, c.done); err != nil {
					return err
				}
				g.handled += n
				return counted("starts", c.starts, want)
			}, r.cpu)
		})
	}
}

// lapTimer takes the time from a crash to the next incarnation's start.
type lapTimer struct {
	armed bool
	fell  time.Time
	took  []float64
	up    chan struct{}
}

// sibling is a member of the crowd in which one after the other crashes.
type sibling struct{ timer *lapTimer }

func (s *sibling) Start(*bastion.Context) error {
	if s.timer.armed {
		s.timer.took = append(s.timer.took, float64(time.Since(s.timer.fell)))
		s.timer.up <- struct{}{}
	}
	return nil
}

func (s *sibling) Receive(ctx *bastion.Context, msg any) error {
	s.timer.fell = time.Now()
	return crash(ctx, msg)
}

// restartP99 is the 99th percentile of the time from a crash to the next
// incarnation's start, among r.Crowd siblings, with the crashes spread over
// all of them.
func restartP99(ctx context.Context, r *Run) (float64, error) {
	timer := &lapTimer{up: make(chan struct{}, 1)}
	spec := crowd(r.Crowd, bastion.Handle(func() bastion.Receiver { return &sibling{timer: timer} }))
	spec.Intensity = bastion.Unlimited
	return onRig(ctx, []bastion.ChildSpec{spec}, func(g *rig) (float64, error) {
		group, b := g.sup.Group("crowd"), &boom{}
		timer.armed = true
		lap := func(n int) error {
			timer.took = make([]float64, 0, n)
			for i := range n {
				if err := group.Member(i*7919%r.Crowd).Tell(context.Background(), b); err != nil {
					return err
				}
				if err := g.await(ctx, timer.up); err != nil {
					return err
				}
			}
			g.handled += n
			return counted("restarts", len(timer.took), n)
		}
		if err := lap(max(1, r.Ops/10)); err != nil {
			return 0, err
		}
		runtime.GC()
		r.started()
		err := lap(r.Ops)
		r.stopped()
		return percentile(timer.took, 0.99), err
	})
}
