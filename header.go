package bastion

// A Header travels beside a message: a few texts by their keys, a traceparent for
// example. Middleware on send puts them on (Outgoing.Header), and whoever has the
// message in hand reads them (Context.Header). It is a value that is never changed,
// and the zero Header is empty.
type Header struct{ last *headerField }

type headerField struct {
	key, text string
	before    *headerField
}

// With is the header with text under key, in place of what was there.
func (h Header) With(key, text string) Header {
	return Header{&headerField{key: key, text: text, before: h.last}}
}

// Value is the text under key; empty if there is none.
func (h Header) Value(key string) string {
	for f := h.last; f != nil; f = f.before {
		if f.key == key {
			return f.text
		}
	}
	return ""
}

// A parcel is how a message with a header waits in a mailbox. It is opened before
// the message is in hand.
type parcel struct {
	msg    any
	header Header
}

func (p *parcel) plain() any { return p.msg }

// onto packs the header into what carries the message.
func (h Header) onto(e *envelope) {
	if h.last != nil {
		e.msg, e.kind = &parcel{msg: e.msg, header: h}, kindParcel
	}
}

// open makes a parcel the message that it carries, and keeps its header for as long
// as that is in hand. Owner only.
func (p *process) open(c *Context, e *envelope) {
	box := e.msg.(*parcel)
	e.msg, e.kind = box.msg, kindMessage
	t := c.traffic()
	t.header, t.turn = box.header, p.finished()
}

// finished counts the messages that the process is done with, one way or the other:
// it is another number for each message in hand. Owner only.
func (p *process) finished() uint64 {
	n := p.handled.Load()
	if e := p.ext.Load(); e != nil {
		n += e.failed.Load()
	}
	return n
}

// Header is that of the message in hand; empty if it has none, or if none is in
// hand. Only on the process's own goroutine.
func (c *Context) Header() Header {
	if c.inHand() == nil {
		return Header{}
	}
	l := c.life.Load()
	if l == nil || l.traffic == nil || l.traffic.turn != c.p.finished() {
		return Header{}
	}
	return l.traffic.header
}

// Carry gives the message in hand another header: what Header says from now on,
// and what Forward takes along. So middleware on receive can leave something for
// middleware on send. Only on the process's own goroutine; elsewhere, and with no
// message in hand, it does nothing.
func (c *Context) Carry(h Header) {
	if c.inHand() == nil {
		return
	}
	t := c.traffic()
	t.header, t.turn = h, c.p.finished()
}
