package bastiontest

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/bastion-go/bastion"
)

// A Probe is a process of the test that keeps what it is told, for the driver to look at. It lives in a system of its own,
// /probes, so that it changes nothing of the tree and the books under test; links and monitors, which stay within a system,
// are therefore not for it.
//
// A question that comes to it is held until the test answers it by its Reply or Fail.
type Probe struct {
	s    *Sim
	name string
	ref  bastion.Ref
	got  []Received
}

// Received is a message that a probe has got.
type Received struct {
	Message any           // as it was sent; shared with its sender
	From    bastion.Ref   // zero: from outside
	At      time.Duration // virtual time since the beginning of the run
}

// Probe makes a probe with a name.
func (s *Sim) Probe(name string) *Probe {
	s.Helper()
	if s.probes == nil {
		s.probes = s.newBare(bastion.Config{Name: "probes"})
		if err := s.probes.Start(context.Background()); err != nil {
			s.Fatalf("Probe: %v", err)
		}
	}
	p := &Probe{s: s, name: name}
	sup, err := s.probes.Supervise(bastion.SupervisorSpec{Name: name, Children: []bastion.ChildSpec{
		{Name: "probe", Start: bastion.Handle(func() bastion.Receiver { return bastion.ReceiverFunc(p.receive) })},
	}})
	if err != nil {
		s.Fatalf("Probe: %v", err)
	}
	p.ref = sup.Child("probe")
	return p
}

func (p *Probe) receive(ctx *bastion.Context, msg any) error {
	if q, asked := msg.(interface{ Hold(context.Context) error }); asked {
		_ = q.Hold(ctx) // ErrNoQuestion: it was told
	}
	p.got = append(p.got, Received{Message: msg, From: ctx.Sender(), At: p.s.Elapsed()})
	return nil
}

// Ref is the probe as a process, to be told and asked.
func (p *Probe) Ref() bastion.Ref { return p.ref }

// Waiting is how many messages it has got that were not taken yet.
func (p *Probe) Waiting() int { return len(p.got) }

// Next takes the next message. If none has come within d of virtual time the run fails at once.
func (p *Probe) Next(d time.Duration) Received {
	p.s.Helper()
	if !p.s.Within(d, "a message to the probe "+p.name, func() bool { return len(p.got) > 0 }) {
		p.s.Fatalf("probe %s: no message within %v", p.name, d)
	}
	first := p.got[0]
	p.got = p.got[1:]
	return first
}

// Expect wants the next messages to be these, in this order, the last within d. Anything else fails the run at once.
func (p *Probe) Expect(d time.Duration, want ...any) {
	p.s.Helper()
	until := p.s.Elapsed() + d
	for i, w := range want {
		if got := p.Next(until - p.s.Elapsed()).Message; !reflect.DeepEqual(got, w) {
			p.s.Fatalf("probe %s: message %d is %#v, want %#v", p.name, i+1, got, w)
		}
	}
}

// ExpectAll wants the next messages to be these, in any order, the last within d. Anything else fails the run at once.
func (p *Probe) ExpectAll(d time.Duration, want ...any) {
	p.s.Helper()
	until := p.s.Elapsed() + d
	left := append([]any(nil), want...)
next:
	for len(left) > 0 {
		got := p.Next(until - p.s.Elapsed()).Message
		for i, w := range left {
			if reflect.DeepEqual(got, w) {
				left = append(left[:i], left[i+1:]...)
				continue next
			}
		}
		p.s.Fatalf("probe %s: got %#v, want one of %s", p.name, got, list(left))
	}
}

// ExpectNone wants no message to come within d, nor one to have come before that was not taken.
func (p *Probe) ExpectNone(d time.Duration) {
	p.s.Helper()
	if p.s.Within(d, "no message to the probe "+p.name, func() bool { return len(p.got) > 0 }) {
		p.s.Fatalf("probe %s: got %#v, want none within %v", p.name, p.got[0].Message, d)
	}
}

func list(all []any) string {
	texts := make([]string, len(all))
	for i, one := range all {
		texts[i] = fmt.Sprintf("%#v", one)
	}
	return strings.Join(texts, ", ")
}

// ExpectType takes the next message of a probe, which must come within d and be an M; else the run fails at once.
func ExpectType[M any](p *Probe, d time.Duration) M {
	p.s.Helper()
	got := p.Next(d).Message
	m, ok := got.(M)
	if !ok {
		p.s.Fatalf("probe %s: got a %T, want a %v", p.name, got, reflect.TypeFor[M]())
	}
	return m
}
