package bastion

import (
	"fmt"
	"reflect"
	"time"

	"github.com/bastion-go/bastion/internal/backlog"
)

// A measured is what a mailbox wants to know of a message beside its place.
type measured struct {
	rank, size int
	key        any
	ttl        time.Duration
}

// measure asks the functions of the spec about a message. They are the user's
// code, on the sender's goroutine: a panic is the error of this send.
func (k *keeping) measure(p *process, e *envelope) (m measured, err error) {
	m.ttl = k.TTL
	if !k.asks {
		return m, nil
	}
	returned := false
	defer func() {
		if returned {
			return
		}
		if v := recover(); v != nil {
			err = fmt.Errorf("bastion: mailbox of %s: %w", p.path(), sound(caught(v)))
		}
	}()
	msg := plain(e.msg)
	if k.BoundBytes > 0 {
		if k.Size != nil {
			m.size = max(k.Size(msg), 1)
		} else {
			m.size = max(sizeOf(msg), 1)
		}
	}
	if k.Priority != nil {
		m.rank = k.Priority(msg)
	}
	if k.Key != nil {
		m.key = k.Key(msg)
		if m.key != m.key { // a panic if it cannot be compared; and a NaN is never found again
			m.key = nil
		}
	}
	if k.TTLOf != nil {
		if d := k.TTLOf(msg); d > 0 {
			m.ttl = d
		}
	}
	returned = true
	return m, nil
}

// sizeOf is the size of a message that nobody else knows.
func sizeOf(msg any) int {
	switch m := msg.(type) {
	case interface{ Size() int }:
		return m.Size()
	case string:
		return len(m)
	case []byte:
		return len(m)
	}
	return int(reflect.TypeOf(msg).Size())
}

// fill makes an item of a message that is to wait from now on.
func (m *measured) fill(it *item, e envelope, now int64) {
	it.Value, it.From, it.Signal = e, e.from, e.kind == kindSignal
	it.Rank, it.Size, it.Key = m.rank, m.size, m.key
	if m.ttl > 0 {
		it.Due = now + int64(m.ttl)
	}
}

type (
	item   = backlog.Item[envelope, *process]
	ticket = backlog.Ticket[envelope, *process]
)
