package otptest

import (
	"context"
	"errors"
	"fmt"
	"path"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/bastion-go/bastion"
)

var (
	errCrash   = errors.New("crash")
	errPlanned = errors.New("planned")
)

// A stage is what the workers of one tale share.
type stage struct {
	events *bastion.Subscription[bastion.Event]
	free   chan struct{} // closed when the tale is over: lets the abandoned go

	mu    sync.Mutex
	fails map[string]int
	lines []string
}

// note adds a line, behind those for what was abandoned before: nobody else can tell of that.
func (s *stage) note(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.catchUp()
	s.lines = append(s.lines, fmt.Sprintf(format, args...))
}

func (s *stage) catchUp() {
	for {
		select {
		case e, open := <-s.events.C():
			if !open {
				return
			}
			if e.Kind == bastion.EventAbandoned {
				s.lines = append(s.lines, "-"+path.Base(e.Path)+":killed")
			}
		default:
			return
		}
	}
}

// take returns what happened since the last take.
func (s *stage) take() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.catchUp()
	text := strings.Join(s.lines, " ")
	s.lines = nil
	return text
}

func (s *stage) plan(name string, times int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fails[name] = times
}

func (s *stage) unplan() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.fails)
}

// start is what every worker does first.
func (s *stage) start(name string) error {
	s.mu.Lock()
	fails := s.fails[name] > 0
	if fails {
		s.fails[name]--
	}
	s.mu.Unlock()
	if fails {
		s.note("!%s", name)
		return errPlanned
	}
	s.note("+%s", name)
	return nil
}

// order is the message to leave.
type order how

func (o order) leave(ctx *bastion.Context) error {
	switch how(o) {
	case normal:
		return ctx.Exit(nil)
	case shutdown:
		return ctx.Exit(bastion.ErrShutdown)
	case shutdownWith:
		return ctx.Exit(fmt.Errorf("%w: why", bastion.ErrShutdown))
	case panics:
		panic("crash")
	case goexit:
		runtime.Goexit()
	}
	return errCrash
}

func (o order) class() string { return strings.TrimSuffix(howNames[o], "_with") }

// class is the reason of an end in Erlang's words.
func class(reason error) string {
	switch {
	case reason == nil:
		return "normal"
	case errors.Is(reason, bastion.ErrKilled):
		return "killed"
	case errors.Is(reason, bastion.ErrShutdown), errors.Is(reason, bastion.ErrStopping):
		return "shutdown"
	}
	return "crash"
}

// behaviour makes a worker.
func (s *stage) behaviour(k *kid) bastion.Behavior {
	if k.Form == handler {
		return bastion.Handle(func() bastion.Receiver { return &handling{stage: s, kid: k} })
	}
	return bastion.Loop(func(ctx *bastion.Context) error { return s.loop(ctx, k) })
}

func (s *stage) loop(ctx *bastion.Context, k *kid) error {
	if err := s.start(k.Name); err != nil {
		return err
	}
	ctx.Ready()
	msg, err := ctx.Recv()
	if err == nil {
		o := msg.(order)
		s.note("-%s:%s", k.Name, o.class())
		return o.leave(ctx)
	}
	<-ctx.Done()
	reason := class(context.Cause(ctx))
	switch {
	case reason == "killed" && k.Manner != deaf:
	case k.Manner == slow:
		time.Sleep(time.Millisecond)
	case k.Manner == rude:
		reason, err = "crash", errCrash
	case k.Manner == deaf:
		<-s.free // it is abandoned, and its end is noted from the event
		return nil
	}
	s.note("-%s:%s", k.Name, reason)
	return err
}

// handling is a worker that is a handler.
type handling struct {
	*stage
	kid    *kid
	reason string // if not that of its Context; written by the handler, read when that has ended
}

func (h *handling) Start(ctx *bastion.Context) error {
	if err := h.start(h.kid.Name); err != nil {
		return err
	}
	// A kill runs no code of an idle handler; it does cancel the Context, and waits a moment for this goroutine.
	return ctx.Go(func(c *bastion.Context) error {
		<-c.Done()
		if h.reason == "" {
			h.reason = class(context.Cause(c))
		}
		h.note("-%s:%s", h.kid.Name, h.reason)
		return nil
	})
}

func (h *handling) Receive(ctx *bastion.Context, msg any) error {
	o := msg.(order)
	h.reason = o.class()
	return o.leave(ctx)
}

func (h *handling) Stop(ctx *bastion.Context, reason error) error {
	if !errors.Is(reason, bastion.ErrShutdown) || ctx.Err() != nil {
		return nil
	}
	select {
	case <-ctx.Stopping():
	default:
		return nil // it ends by itself
	}
	switch h.kid.Manner {
	case slow:
		time.Sleep(time.Millisecond)
	case rude:
		h.reason = "crash"
		return errCrash
	case deaf:
		<-ctx.Done()
	}
	return nil
}
