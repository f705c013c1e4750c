package breaker

import (
	"context"
	"sync"

	"github.com/bastion-go/bastion"
)

// Middleware is it for sends, with a breaker for each receiver. A Tell counts as answered once it was accepted.
func (c Circuit) Middleware() bastion.Middleware {
	all := &breakers{circuit: c}
	return bastion.Middleware{Send: func(next bastion.Send) bastion.Send {
		return func(ctx context.Context, out bastion.Outgoing) error {
			return all.of(out.To).Do(func() error { return next(ctx, out) })
		}
	}}
}

// breakers are one for each receiver that was sent to. They are kept as long as the middleware.
type breakers struct {
	circuit Circuit
	byRef   sync.Map // bastion.Ref to *Breaker
}

func (all *breakers) of(to bastion.Ref) *Breaker {
	if b, ok := all.byRef.Load(to); ok {
		return b.(*Breaker)
	}
	b, _ := all.byRef.LoadOrStore(to, all.circuit.New(to.System().Clock().Now))
	return b.(*Breaker)
}
