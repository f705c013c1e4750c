package bastion

import (
	"context"
	"errors"
	"fmt"
	"strconv"
)

// A PassageKind says what happened to a message.
type PassageKind uint8

const (
	// PassageSent: a send was accepted.
	PassageSent PassageKind = iota + 1
	// PassageRefused: a send returned an error.
	PassageRefused
	// PassageReceived: it was given to its receiver.
	PassageReceived
	// PassageDiscarded: it never will be.
	PassageDiscarded
	// PassageAnswered: somebody answered a question, in time or not.
	PassageAnswered
	// PassageResolved: the asker has the answer, or an error.
	PassageResolved
)

// String is the kind as it stands in traces.
func (k PassageKind) String() string {
	return pick(int(k), "?", "send", "refused", "message", "discard", "answer", "resolved")
}

// A Passage is one thing that happened to one message in a seeded run. It is the
// Data of an executor.Step, for those who follow messages through a trace: tests,
// and checkers of histories. A system that is not seeded, or whose run nobody
// traces, makes none.
type Passage struct {
	Kind PassageKind
	// Number is that of the message in its run, from 1; 0 for a Down, an Exit or a timer's. A
	// message that is forwarded goes on under a new one.
	Number uint64
	// Ask is the number under which a question was first asked; 0: told.
	Ask uint64
	// Message is what was sent, as its sender meant it, or the answer; shared with
	// sender and receiver.
	Message any
	// Sender is the process that sent, answered or asked; zero: from outside.
	Sender Ref
	// Strand tells those senders apart that are no process: goroutines outside, and
	// those of Context.Go. Empty: the process itself; in the real order of its sends.
	Strand string
	// Receiver is who it was sent to; of an answer, zero.
	Receiver Ref
	// Incarnation is the receiver's when it was received, else the sender's; 0: neither.
	Incarnation uint64
	// Forwarded: it was sent by Context.Forward, and is in the order of nobody's sends.
	Forwarded bool
	// Chosen: its receiver chose it, or has a mailbox with an order of its own, so that
	// it may have come out of turn.
	Chosen bool
	// Then: it was asked by AskThen, whose answer goes nowhere if the asker has ended.
	Then bool
	// Err is why it was refused or discarded, or the error that an asker was given.
	Err error
}

// String says in a line what Kind does not.
func (e Passage) String() string {
	text := "#" + strconv.FormatUint(e.Number, 10)
	if e.Message != nil {
		text += fmt.Sprintf(" %T", e.Message)
	}
	switch e.Kind {
	case PassageSent, PassageRefused:
		text += " to " + e.Receiver.String()
		if e.Forwarded {
			text += ", forwarded"
		}
		if e.Ask != 0 {
			text += ", asked"
		}
	case PassageReceived:
		text += " from " + e.Sender.String()
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// numbers are those of the messages of a seeded system. They belong to whoever
// has the baton. A message that is told carries its own in its envelope, where it
// has no use for the generation of a question.
type numbers struct {
	asked map[askKey]uint64
}

// An askKey is one way of a question to one receiver.
type askKey struct {
	q    *question
	gen  uint32
	hops uint16
}

// give numbers a message that is about to be sent.
func (n *numbers) give(e *envelope, number uint64) {
	if e.q == nil {
		e.gen = uint32(number)
		return
	}
	if n.asked == nil {
		n.asked = make(map[askKey]uint64)
	}
	n.asked[askKey{e.q, e.gen, e.hops}] = number
}

func (n *numbers) of(e *envelope) uint64 {
	if e.q == nil {
		return uint64(e.gen)
	}
	return n.asked[askKey{e.q, e.gen, e.hops}]
}

func (n *numbers) ask(q *question, gen uint32) uint64 {
	if q == nil {
		return 0
	}
	return n.asked[askKey{q: q, gen: gen}]
}

// traces reports whether there is anybody to tell of passages.
func (s *System) traces() bool { return s.seeded != nil && s.seeded.Traces() }

// sendSeeded is sendOutside in a seeded run.
func (p *process) sendSeeded(ctx context.Context, c *Context, e envelope, forwarded bool) error {
	s := p.sys()
	by := sending{ctx: ctx, c: c, patient: forwarded || !e.everyone}
	if !s.traces() {
		if p.plan.keep != nil {
			return p.deposit(by, e)
		}
		return p.sendOutside(e)
	}
	then := e.q != nil && e.q.then != nil
	x := Passage{Kind: PassageSent, Message: plain(e.msg), Receiver: Ref{p}, Forwarded: forwarded, Then: then}
	x.Number = s.seeded.Number()
	s.numbers.give(&e, x.Number)
	x.Ask = s.numbers.ask(e.q, e.gen)
	if p.plan.keep != nil {
		by.trace = &sendTrace{s: s, x: x}
		by.trace.who = s.sign(c, &by.trace.x)
		if x.Err = p.deposit(by, e); x.Err == nil {
			return nil
		}
	} else {
		x.Err = p.sendOutside(e)
	}
	if x.Err != nil {
		x.Kind = PassageRefused
	}
	s.notePassage(c, x)
	return x.Err
}

// A sendTrace adds a send to the trace when it is accepted, which may be later, and
// by another strand, than it was begun.
type sendTrace struct {
	s   *System
	x   Passage
	who string
}

func (t *sendTrace) sent() {
	if t != nil {
		t.s.seeded.NoteOf(t.x.Kind.String(), t.who, t.x)
	}
}

// notePassage adds x to the trace, in the name of whoever does it.
func (s *System) notePassage(c *Context, x Passage) {
	s.seeded.NoteOf(x.Kind.String(), s.sign(c, &x), x)
}

// sign enters in x whose it is, and returns his name.
func (s *System) sign(c *Context, x *Passage) string {
	id, who := s.seeded.Strand()
	if c != nil {
		x.Sender, x.Incarnation = Ref{c.p}, uint64(c.inc)
		who = c.label()
	}
	if c == nil || c.kind == contextGo || !c.mine() {
		x.Strand = "strand " + strconv.FormatUint(id, 10)
	}
	return who
}

// noteMessage adds a message that is about to be handled to the trace.
func (c *Context) noteMessage(e *envelope, chosen bool) {
	s := c.p.sys()
	if !s.traces() {
		return
	}
	s.seeded.NoteOf(PassageReceived.String(), c.label(), Passage{
		Kind: PassageReceived, Number: s.numbers.of(e), Ask: s.numbers.ask(e.q, e.gen), Message: plain(e.msg),
		Sender: Ref{e.from}, Receiver: Ref{c.p}, Incarnation: uint64(c.inc), Chosen: chosen || c.p.plan.terms().Mailbox.reorders(),
	})
}

// reorders reports whether messages of one sender may overtake each other.
func (m *Mailbox) reorders() bool { return m.Priority != nil || m.Key != nil || m.Queue != nil }

// noteDiscard adds a message that nobody will get to the trace.
func (p *process) noteDiscard(e *envelope, reason error) {
	s := p.sys()
	if !s.traces() {
		return
	}
	x := Passage{Kind: PassageDiscarded, Sender: Ref{e.from}, Receiver: Ref{p}, Err: reason}
	if e.kind == kindSignal {
		x.Message = e.msg.(*notice).msg
	} else {
		x.Number, x.Ask, x.Message = s.numbers.of(e), s.numbers.ask(e.q, e.gen), plain(e.msg)
	}
	s.seeded.NoteOf(x.Kind.String(), p.path(), x)
}

// errGaveUp is what became of a question whose asker left AskEach before.
var errGaveUp = errors.New("the asker has gone on")

// errWithdrawn is the reason of DiscardWithdrawn.
var errWithdrawn = errors.New("withdrawn")

// noteQuestion adds to the trace that a question was answered, or that its asker
// has the outcome.
func (q *question) noteQuestion(kind PassageKind, c *Context, gen uint32, answer any, err error) {
	s := q.sys
	if !s.traces() {
		return
	}
	if n := s.numbers.ask(q, gen); n != 0 {
		s.notePassage(c, Passage{Kind: kind, Number: n, Ask: n, Message: answer, Err: err})
	}
}
