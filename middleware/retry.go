package middleware

import (
	"cmp"
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/bastion-go/bastion"
)

const (
	defaultTries = 3
	defaultBase  = 10 * time.Millisecond
	defaultCap   = time.Second
	defaultShare = 0.2
	// reserve is how many retries may be made on top of the share, at the start and after a calm time.
	reserve = 10
	// whole is one retry in the account.
	whole = 1 << 20
)

// Retry asks again when an Ask has failed, as long as its context lasts, after a random part of a pause that doubles.
//
// By itself it repeats only a question that was not accepted, because its receiver was full or its system not started yet: it
// was given to nobody (contract D1). A question that Idempotent is true of is also repeated when its receiver failed with it,
// stopped, or forgot to answer, or when Again says so of the error. Answers that are errors of the program are not repeated.
//
// Retries make an overload worse, so there is a budget, shared by all that use the same Middleware: a Share of the asks, and ten
// more. Tells are left alone.
type Retry struct {
	Tries      int           // in all. Zero: 3
	Base       time.Duration // the first pause is up to this. Zero: 10 ms
	Cap        time.Duration // no pause is longer. Zero: 1 s
	Share      float64       // retries for each ask, on the average. Zero: 0.2; negative: none but the ten
	Idempotent func(question any) bool
	Again      func(err error) bool // for idempotent questions, beside what is said above
}

// Middleware is it, with a budget of its own. It is for sends only.
func (r Retry) Middleware() bastion.Middleware {
	r.Tries = cmp.Or(max(r.Tries, 0), defaultTries)
	r.Base = cmp.Or(max(r.Base, 0), defaultBase)
	r.Cap = cmp.Or(max(r.Cap, 0), defaultCap)
	b := &budget{share: int64(cmp.Or(r.Share, defaultShare) * whole)}
	b.left.Store(reserve * whole)
	return bastion.Middleware{Send: func(next bastion.Send) bastion.Send {
		return func(ctx context.Context, out bastion.Outgoing) error {
			if out.Verb != bastion.VerbAsk {
				return next(ctx, out)
			}
			return r.ask(ctx, out, next, b)
		}
	}}
}

func (r Retry) ask(ctx context.Context, out bastion.Outgoing, next bastion.Send, b *budget) error {
	b.earn()
	most := min(r.Base, r.Cap)
	for try := 1; ; try++ {
		err := next(ctx, out)
		if err == nil || try >= r.Tries || !r.again(out.Message, err) || ctx.Err() != nil || !b.spend() {
			return err
		}
		part := float64(out.To.System().Random(1<<30)) / (1 << 30)
		pause := time.Duration(part * float64(most))
		if out.To.System().Sleep(ctx, pause) != nil {
			return err
		}
		most = min(2*most, r.Cap)
	}
}

// again reports whether it is safe and of use to repeat the question.
func (r Retry) again(question any, err error) bool {
	if errors.Is(err, bastion.ErrFull) || errors.Is(err, bastion.ErrNotStarted) {
		return true
	}
	if r.Idempotent == nil || !r.Idempotent(question) {
		return false
	}
	var failed *bastion.FailedError
	return errors.As(err, &failed) || errors.Is(err, bastion.ErrStopped) || errors.Is(err, bastion.ErrUnanswered) ||
		r.Again != nil && r.Again(err)
}

// A budget says how many retries there may be. Any goroutine changes it, by compare and swap.
type budget struct {
	left  atomic.Int64
	share int64
}

func (b *budget) earn() {
	if b.share <= 0 {
		return
	}
	for {
		left := b.left.Load()
		if left >= reserve*whole || b.left.CompareAndSwap(left, min(left+b.share, reserve*whole)) {
			return
		}
	}
}

func (b *budget) spend() bool {
	for {
		left := b.left.Load()
		if left < whole {
			return false
		}
		if b.left.CompareAndSwap(left, left-whole) {
			return true
		}
	}
}
