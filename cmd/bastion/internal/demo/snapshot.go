package demo

import (
	"time"

	"github.com/bastion-go/bastion"
)

// A Snapshot is what a View shows: one look at the run. What it says of the system comes from the inspector and the event
// stream; what it says of requests, from the clients.
type Snapshot struct {
	Address string
	Clients int
	Seed    uint64
	Chaos   float64       // failures a second
	Phase   string        // what is being done
	Elapsed time.Duration // since the start
	For     time.Duration // 0: until told

	RequestRate float64 // answered in a second, of late
	P50, P99    time.Duration
	MessageRate float64 // accepted in a second, of late
	Wrong       uint64  // answers that no correct service could have given
	Injected    Injected
	Tree        bastion.Node
	Books       bastion.Books
	DeadLetters uint64
	Recent      []string // the latest events
	Fresh       []string // those of them, or more, that came since the snapshot before
	Missed      uint64   // events that the run was too slow to take
}

// Injected counts the failures that struck, by kind.
type Injected struct {
	Panics  uint64 `json:"panics"`
	Errors  uint64 `json:"errors"`
	Goexits uint64 `json:"goexits"`
	Hangs   uint64 `json:"hangs"`
	Kills   uint64 `json:"kills"`
}

// Total is all of them.
func (i Injected) Total() uint64 { return i.Panics + i.Errors + i.Goexits + i.Hangs + i.Kills }

func (c *chaos) injected() Injected {
	return Injected{
		Panics:  c.struck[panics].Load(),
		Errors:  c.struck[failures].Load(),
		Goexits: c.struck[exits].Load(),
		Hangs:   c.struck[hangs].Load(),
		Kills:   c.struck[kills].Load(),
	}
}

// A View shows snapshots, one after the other.
type View interface {
	Show(Snapshot)
	Close()
}

// Hidden is a View for those who want only the report.
type Hidden struct{}

// Show does nothing.
func (Hidden) Show(Snapshot) {}

// Close does nothing.
func (Hidden) Close() {}

// A rate is a counter's speed, measured between looks and smoothed a little, because looks are short.
type rate struct {
	last    uint64
	at      time.Time
	current float64
}

func (r *rate) observe(count uint64, now time.Time) float64 {
	seconds := now.Sub(r.at).Seconds()
	if r.at.IsZero() || seconds <= 0 || count < r.last {
		r.last, r.at = count, now
		return r.current
	}
	speed := float64(count-r.last) / seconds
	if r.current == 0 {
		r.current = speed
	}
	r.current += (speed - r.current) / 2
	r.last, r.at = count, now
	return r.current
}

// child is the direct child of that name; an empty node if there is none.
func child(n bastion.Node, name string) bastion.Node {
	for _, c := range n.Children {
		if c.Name == name {
			return c
		}
	}
	return bastion.Node{}
}

// sum adds up what is below a node, and the node itself.
func sum(n bastion.Node, what func(bastion.Node) uint64) uint64 {
	total := what(n)
	for _, c := range n.Children {
		total += sum(c, what)
	}
	return total
}

// restarts of all processes at and below a node. What a group or supervisor says of its members is not counted again.
func restarts(n bastion.Node) uint64 {
	return sum(n, func(n bastion.Node) uint64 {
		if len(n.Children) > 0 {
			return 0
		}
		return n.Restarts
	})
}

func mailbox(n bastion.Node) int {
	return int(sum(n, func(n bastion.Node) uint64 { return uint64(n.Mailbox) }))
}

func handled(n bastion.Node) uint64 {
	return sum(n, func(n bastion.Node) uint64 { return n.Handled })
}
