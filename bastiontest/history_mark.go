package bastiontest

import (
	"context"
	"fmt"

	"github.com/bastion-go/bastion"
)

// A Mark is what a message carries so that a History can follow it in real
// concurrency. Embed it, or keep it in a field that Marked returns; a zero Mark is
// followed by nobody and costs nothing. In a simulation no Mark is needed.
//
//	type Add struct {
//		bastiontest.Mark
//		N int
//	}
type Mark struct{ m *marked }

// A Marked message is one that a History follows.
type Marked interface{ HistoryMark() Mark }

// HistoryMark makes what embeds a Mark a Marked message.
func (m Mark) HistoryMark() Mark { return m }

// marked is one message on its way to one receiver. What it says is written
// before it is sent.
type marked struct {
	h *History
	e Entry // its send, as far as it is known before
}

// senderKey finds the name that a context gives to a sender outside.
type senderKey struct{}

// As names the sender of what is sent with the context it returns, for goroutines
// outside, which the runtime cannot tell apart: messages are held to be in order
// (D2) only if their sender has a name. Only one goroutine at a time may use one
// name. The Context of a process needs none.
func As(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, senderKey{}, name)
}

// Sending makes the Mark of a message that is about to be sent with ctx to a
// process. The message may be sent once, by Tell or a broadcast, and then Sent must be
// called.
func (h *History) Sending(ctx context.Context, to bastion.Ref) Mark { return h.mark(ctx, to, false) }

// Asking is Sending for a question. Resolved must be called with what Ask returned.
func (h *History) Asking(ctx context.Context, to bastion.Ref) Mark { return h.mark(ctx, to, true) }

func (h *History) mark(ctx context.Context, to bastion.Ref, asked bool) Mark {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.marks++
	h.clock++ // a send begins: nothing else has this number
	m := &marked{h: h, e: Entry{Message: h.marks, From: h.sender(ctx), To: h.label(processOf(to)), Begun: h.clock}}
	if asked {
		m.e.Ask = m.e.Message
		e := m.e
		e.Op, e.At = OpAsk, h.now()
		h.add(e)
	}
	return Mark{m}
}

// sender is the name of whoever sends with ctx. Under mu.
func (h *History) sender(ctx context.Context) string {
	c, ok := ctx.(*bastion.Context)
	if !ok {
		if ctx == nil {
			return ""
		}
		name, _ := ctx.Value(senderKey{}).(string)
		return name
	}
	if l, ok := h.senders[c]; ok {
		return l
	}
	if h.senders == nil {
		h.senders, h.names = make(map[*bastion.Context]string), make(map[string]int)
	}
	// Every incarnation has a Context of its own, and so has every goroutine of Context.Go.
	l := fmt.Sprintf("%s@%d", h.label(processOf(c.Self())), c.Incarnation())
	if h.names[l]++; h.names[l] > 1 {
		l = fmt.Sprintf("%s (%d)", l, h.names[l])
	}
	h.senders[c] = l
	return l
}

// Number is the number of the message in its history; 0 for the zero Mark.
func (m Mark) Number() uint64 {
	if m.m == nil {
		return 0
	}
	return m.m.e.Message
}

// record adds what happened to the message.
func (m Mark) record(e Entry) {
	if m.m == nil {
		return
	}
	h := m.m.h
	h.mu.Lock()
	defer h.mu.Unlock()
	e.Message, e.Ask, e.At = m.m.e.Message, m.m.e.Ask, h.now()
	if e.To == "" {
		e.To = m.m.e.To
	}
	if e.Op != OpAnswer && e.From == "" {
		e.From = m.m.e.From
	}
	h.add(e)
}

// Sent records what the send answered.
func (m Mark) Sent(err error) {
	if m.m == nil {
		return
	}
	e := Entry{Op: OpSend, Begun: m.m.e.Begun}
	if err != nil {
		e.Op, e.Err = OpRefuse, err.Error()
	}
	m.record(e)
}

// Received records that the process of ctx has the message in hand. Handle does
// that for handlers; a loop calls it when Recv has returned it.
func (m Mark) Received(ctx *bastion.Context) {
	if m.m == nil {
		return
	}
	h := m.m.h
	h.mu.Lock()
	to := h.label(processOf(ctx.Self()))
	h.mu.Unlock()
	m.record(Entry{Op: OpReceive, To: to, Incarnation: ctx.Incarnation()})
}

// Discarded records that the message went to the dead letters.
func (m Mark) Discarded(reason error) { m.record(Entry{Op: OpDiscard, Err: fmt.Sprint(reason)}) }

// Answered records that the question is about to be answered. With it a History
// knows answers that nobody gave; call it for all or for none.
func (m Mark) Answered() { m.record(Entry{Op: OpAnswer}) }

// Resolved records what an ask returned. answer is the number of the question that
// was answered, if the answer tells it, else 0.
func (m Mark) Resolved(answer uint64, err error) {
	e := Entry{Op: OpResolve, Answer: answer}
	if err != nil {
		e.Err, e.Answer = err.Error(), 0
	}
	m.record(e)
}

// Forwarded records what Context.Forward answered. The message goes on with its
// Mark, and from then on is in nobody's order.
func (m Mark) Forwarded(to bastion.Ref, err error) {
	if m.m == nil || err != nil {
		return
	}
	h := m.m.h
	h.mu.Lock()
	label := h.label(processOf(to))
	h.mu.Unlock()
	m.record(Entry{Op: OpForward, To: label})
}
