package bastion

// A Delivery says how a message came: told, asked or broadcast.
type Delivery uint8

const (
	// DeliveryTold: by Tell, or by the runtime itself (a Down, a trapped Exit).
	DeliveryTold Delivery = iota
	// DeliveryAsked: somebody waits for an answer.
	DeliveryAsked
	// DeliveryBroadcast: by Broadcast, to others as well, so it is shared with them.
	DeliveryBroadcast
)

func (d Delivery) String() string { return pick(int(d), "told", "asked", "broadcast") }

// Delivery is how the message in hand came, also if it was forwarded since;
// DeliveryTold if none is in hand. Only on the process's own goroutine.
func (c *Context) Delivery() Delivery {
	n := c.seen()
	switch {
	case n == nil:
		return DeliveryTold
	case n.Value.q != nil:
		return DeliveryAsked
	case n.Value.everyone:
		return DeliveryBroadcast
	}
	return DeliveryTold
}

// Sender is who sent the message in hand; the zero Ref if that is not known: it
// came from outside, or anonymously (see Anonymous), or none is in hand. Only on
// the process's own goroutine.
func (c *Context) Sender() Ref {
	if n := c.seen(); n != nil {
		return Ref{n.Value.from}
	}
	return Ref{}
}

// seen is the message in hand, or the one that a selective receive asks about.
func (c *Context) seen() *node {
	if n := c.inHand(); n != nil {
		return n
	}
	if c.kind == contextLoop && c.mine() && !c.ended() {
		return c.own.loop.shown
	}
	return nil
}
