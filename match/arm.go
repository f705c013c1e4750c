package match

import (
	"context"

	"github.com/bastion-go/bastion"
)

// An Arm says what is done with one type of message, which may be an interface.
// On, Tell, Ask, Answer, Broadcast and Fallback make one. The zero Arm is a mistake.
type Arm struct {
	by       uint8                // the deliveries that it is for, a bit for each
	is       func(msg any) bool   // its type
	take     receive              // does what is to be done, if the type is right
	fallback bastion.ReceiverFunc // of a Fallback, which has only this
}

// receive says whether it took the message, and what came of it.
type receive func(ctx *bastion.Context, msg any) (taken bool, err error)

// On takes an M however it came.
func On[M any](f func(ctx *bastion.Context, msg M) error) Arm {
	return newArm(f, 1<<bastion.DeliveryTold|1<<bastion.DeliveryAsked|1<<bastion.DeliveryBroadcast)
}

// Tell takes an M that was told. What the runtime sends (a Down, a trapped Exit)
// counts as told.
func Tell[M any](f func(ctx *bastion.Context, msg M) error) Arm {
	return newArm(f, 1<<bastion.DeliveryTold)
}

// Broadcast takes an M that was broadcast. Others have the same value, so it is
// only to be read.
func Broadcast[M any](f func(ctx *bastion.Context, msg M) error) Arm {
	return newArm(f, 1<<bastion.DeliveryBroadcast)
}

// Ask takes a question that was asked. f answers it with its Reply, whose type the
// compiler checks, or holds it, or forwards it; a question that was merely told
// does not come here.
func Ask[A any, Q bastion.Question[A]](f func(ctx *bastion.Context, question Q) error) Arm {
	return newArm(f, 1<<bastion.DeliveryAsked)
}

// Answer takes a question that was asked, and answers it with what f returns; the
// compiler checks that it is what the question's Returns says. An error is a
// failure of the process, as it is from any handler, and the asker gets a
// FailedError. To answer with an error and live on, call the question's Fail: what
// f returns then is not sent.
//
// If the asker does not wait any more, the answer goes to the dead letters, and
// that is no failure. To hold a question, or to forward it, use Ask.
func Answer[A any, Q replier[A]](f func(ctx *bastion.Context, question Q) (A, error)) Arm {
	if f == nil {
		return newArm[Q](nil, 0)
	}
	return newArm(func(ctx *bastion.Context, question Q) error {
		answer, err := f(ctx, question)
		if err != nil {
			return err
		}
		// ErrAnswered: f has called Fail, or Reply. ErrLate, ErrEnded: nobody waits.
		_ = question.Reply(ctx, answer)
		return nil
	}, 1<<bastion.DeliveryAsked)
}

// A replier is a question as its receiver sees it.
type replier[A any] interface {
	bastion.Question[A]
	Reply(ctx context.Context, answer A) error
}

// Fallback takes what no arm takes.
func Fallback(f func(ctx *bastion.Context, msg any) error) Arm {
	if f == nil {
		panic("match: a Fallback of a nil function")
	}
	return Arm{fallback: f}
}

func newArm[M any](f func(ctx *bastion.Context, msg M) error, by uint8) Arm {
	if f == nil {
		panic("match: an Arm of a nil function")
	}
	is := func(msg any) bool { _, ok := msg.(M); return ok }
	take := func(ctx *bastion.Context, msg any) (bool, error) {
		m, ok := msg.(M)
		if !ok {
			return false, nil
		}
		return true, f(ctx, m)
	}
	return Arm{by: by, is: is, take: take}
}

// serves reports whether the arm is for messages that came like this.
func (a *Arm) serves(how bastion.Delivery) bool { return a.by>>how&1 != 0 }
