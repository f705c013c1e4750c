package bastion_test

import (
	"context"
	"errors"

	"github.com/bastion-go/bastion"
)

// barrier is answered with the incarnation once all before it was handled.
type barrier struct{ bastion.Returns[uint64] }

// do is a message that says itself what to do.
type do func(ctx *bastion.Context) error

// fail is a message that fails its handler with errBoom; hang one that never returns until its channel is closed.
type (
	fail struct{}
	hang struct{ until <-chan struct{} }
)

// react is what all actors of a rig do with a message.
func react(ctx *bastion.Context, msg any) error {
	switch m := msg.(type) {
	case barrier:
		return m.Reply(ctx, ctx.Incarnation())
	case do:
		return m(ctx)
	case fail:
		return errBoom
	case hang:
		<-m.until
	}
	return nil
}

// actor is a handler without hooks.
func actor() bastion.Behavior {
	return bastion.Handle(func() bastion.Receiver { return bastion.ReceiverFunc(react) })
}

// looper is the same as a loop.
func looper() bastion.Behavior { return bastion.Loop(serve) }

func serve(ctx *bastion.Context) error {
	for {
		msg, err := ctx.Recv()
		if err != nil {
			return err
		}
		if err := react(ctx, msg); err != nil {
			return err
		}
	}
}

// A hooked actor has a start and a stop hook.
type hooked struct {
	start func(ctx *bastion.Context) error
	stop  func(ctx *bastion.Context, reason error) error
	on    func(ctx *bastion.Context, msg any) error
}

func (h *hooked) Start(ctx *bastion.Context) error {
	if h.start == nil {
		return nil
	}
	return h.start(ctx)
}

func (h *hooked) Stop(ctx *bastion.Context, reason error) error {
	if h.stop == nil {
		return nil
	}
	return h.stop(ctx, reason)
}

func (h *hooked) Receive(ctx *bastion.Context, msg any) error {
	if h.on == nil {
		return react(ctx, msg)
	}
	return h.on(ctx, msg)
}

func withHooks(h hooked) bastion.Behavior {
	return bastion.Handle(func() bastion.Receiver { own := h; return &own })
}

// noted is an actor that notes its starts and stops under its name.
func noted(l *transcript, name string) bastion.ChildSpec {
	return bastion.ChildSpec{Name: name, Start: notedBy(l, name)}
}

func notedBy(l *transcript, name string) bastion.Behavior {
	return withHooks(hooked{
		start: func(ctx *bastion.Context) error { l.note("start %s@%d", name, ctx.Incarnation()); return nil },
		stop: func(ctx *bastion.Context, reason error) error {
			l.note("stop %s@%d %s", name, ctx.Incarnation(), brief(reason))
			return nil
		},
	})
}

// brief names the usual reasons.
func brief(reason error) string {
	var p *bastion.PanicError
	switch {
	case reason == nil:
		return "nil"
	case errors.Is(reason, bastion.ErrShutdown):
		return "shutdown"
	case errors.Is(reason, bastion.ErrKilled):
		return "killed"
	case errors.Is(reason, bastion.ErrAbandoned):
		return "abandoned"
	case errors.Is(reason, bastion.ErrGoexit):
		return "goexit"
	case errors.Is(reason, bastion.ErrStartTimeout):
		return "start timeout"
	case errors.As(reason, &p):
		return "panic"
	case errors.Is(reason, errBoom):
		return "boom"
	case errors.Is(reason, context.Canceled):
		return "cancelled"
	}
	return reason.Error()
}
