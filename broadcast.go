package bastion

import (
	"context"
	"fmt"
	"strconv"
)

// Broadcast tells the same message to every process of the system and returns
// how many took it (contract D7). It never waits, and one that has stopped, or
// whose mailbox is full (whatever its policy, it refuses then), does not rob the others: err is nil even if n is 0. ErrNilMessage, ErrEnded as for
// Tell.
func (s *System) Broadcast(ctx context.Context, msg any) (n int, err error) {
	return s.Root().Broadcast(ctx, msg)
}

// Broadcast tells the same message to every process below; see System.Broadcast.
func (s *Supervisor) Broadcast(ctx context.Context, msg any) (n int, err error) {
	if err := mayBroadcast(ctx, msg); err != nil {
		return 0, err
	}
	if s.nobody() {
		return 0, ErrNoProcess
	}
	s.s.each(func(p *process) {
		if p.send(ctx, envelope{msg: msg, everyone: true}) == nil {
			n++
		}
	})
	return n, nil
}

// Broadcast tells the same message to every member; see System.Broadcast.
func (g *Group) Broadcast(ctx context.Context, msg any) (n int, err error) {
	if err := mayBroadcast(ctx, msg); err != nil {
		return 0, err
	}
	if g.nobody() {
		return 0, ErrNoProcess
	}
	for _, r := range g.Members() {
		if r.p.send(ctx, envelope{msg: msg, everyone: true}) == nil {
			n++
		}
	}
	return n, nil
}

func mayBroadcast(ctx context.Context, msg any) error {
	if msg == nil {
		return ErrNilMessage
	}
	if c := contextOf(ctx); c != nil && c.ended() {
		return ErrEnded
	}
	return nil
}

// each calls f for every process below, as the tables stand when it gets there.
// No lock is held meanwhile.
func (s *supervisor) each(f func(*process)) {
	s.mu.RLock()
	children := s.children.visible()
	s.mu.RUnlock()
	for _, c := range children {
		switch {
		case c.proc != nil:
			f(c.proc)
		case c.super != nil:
			c.super.each(f)
		default:
			for _, r := range (&Group{c.group}).Members() {
				f(r.p)
			}
		}
	}
}

// lookup finds a member by its number.
func (g *group) lookup(number string) (Ref, error) {
	i, err := strconv.Atoi(number)
	if err == nil {
		if r := (&Group{g}).Member(i); !r.IsZero() {
			return r, nil
		}
	}
	return Ref{}, fmt.Errorf("%w: %s has no member %q", ErrNoProcess, g.path, number)
}
