package demo

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/examples/kv/kvstore"
)

// A kind is a way to fail.
type kind int

const (
	panics kind = iota
	failures
	exits
	hangs
	kills
	kinds
)

func (k kind) String() string { return [kinds]string{"panic", "error", "goexit", "hang", "kill"}[k] }

// chaos fails processes of the service. All but kills travel as messages, so they strike when the target comes to them.
// Of the permanent processes none gets a second failure before the first has struck: what piles up in the mailbox of a
// shard that hangs would fail it for minutes.
type chaos struct {
	rng         *rand.Rand
	shards      []*target
	connections *bastion.Group
	listener    *target
	hang        time.Duration        // the longest
	calm        time.Time            // no shard is made to hang before
	spared      time.Time            // nor the listener to fail
	struck      [kinds]atomic.Uint64 // failures that happened, by kind
	missed      atomic.Uint64        // for want of a target
	due         atomic.Uint64        // restarts that they call for
}

// A target is a permanent process.
type target struct {
	ref     bastion.Ref
	pending atomic.Bool // a failure is on its way
}

func newChaos(o Options, service *bastion.Supervisor) *chaos {
	c := &chaos{
		rng:         rand.New(rand.NewPCG(o.Seed, 0)),
		connections: service.Group("connections"),
		listener:    &target{ref: service.Child("listener")},
		hang:        o.Hang,
	}
	for _, ref := range service.Group("shards").Members() {
		c.shards = append(c.shards, &target{ref: ref})
	}
	return c
}

// listenerRest lets the listener serve for most of the time: it needs a quarter of a second to come back, and whoever was
// cut off meanwhile waits for it.
const listenerRest = time.Second

// run injects a failure at every tick, until the context ends.
func (c *chaos) run(ctx context.Context, ticks <-chan struct{}) {
	for {
		select {
		case <-ticks:
			c.inject(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// tick sends ticks at random times, on average perSecond of them in a second.
func tick(ctx context.Context, perSecond float64, rng *rand.Rand, ticks chan<- struct{}) {
	for perSecond > 0 && ctx.Err() == nil {
		pause(ctx, time.Duration(rng.ExpFloat64()/perSecond*float64(time.Second)))
		select {
		case ticks <- struct{}{}:
		case <-ctx.Done():
		}
	}
}

// inject draws a target and a kind. Of ten failures about six go to shards, three to connections, one to the listener; but
// that is spared while it is still busy with coming back from the one before.
func (c *chaos) inject(ctx context.Context) {
	draw, choice := c.rng.IntN(10), c.rng.IntN(1<<30)
	switch {
	case draw == 0 && time.Now().After(c.spared):
		c.spared = time.Now().Add(listenerRest)
		c.fail(ctx, c.listener, c.draw(panics, failures, exits))
	case 1 <= draw && draw <= 3:
		members := c.connections.Members()
		if len(members) == 0 {
			c.missed.Add(1)
			return
		}
		c.failConnection(ctx, members[choice%len(members)], c.draw(panics, failures, kills))
	default:
		how := c.draw(panics, failures, exits, hangs)
		if how == hangs && time.Now().Before(c.calm) {
			how = c.draw(panics, failures, exits)
		}
		c.fail(ctx, c.shards[choice%len(c.shards)], how)
	}
}

func (c *chaos) draw(from ...kind) kind { return from[c.rng.IntN(len(from))] }

// fail fails a permanent process, unless it is about to.
func (c *chaos) fail(ctx context.Context, t *target, how kind) {
	strike := c.fault(how)
	if t.pending.Swap(true) {
		c.missed.Add(1)
		return
	}
	err := t.ref.Tell(ctx, kvstore.Fault(func(ctx *bastion.Context) error {
		defer t.pending.Store(false)
		if how != hangs {
			c.due.Add(1)
		}
		return strike(ctx)
	}))
	if err != nil {
		t.pending.Store(false)
		c.missed.Add(1)
	}
}

func (c *chaos) failConnection(ctx context.Context, ref bastion.Ref, how kind) {
	if how != kills {
		if err := ref.Tell(ctx, c.fault(how)); err != nil {
			c.missed.Add(1)
		}
	} else if err := ref.Kill(ctx); err != nil {
		c.missed.Add(1)
	} else {
		c.struck[kills].Add(1)
	}
}

// calmPerHang is how many times as long as a shard hangs no other will begin to: sooner or later every client waits for a
// shard that hangs, and with one hanging all the time there would be no load.
const calmPerHang = 4

// fault makes the message. What is drawn is drawn here: the generator belongs to the goroutine of chaos.
func (c *chaos) fault(how kind) kvstore.Fault {
	flavour, wait := c.rng.IntN(len(flavours)), c.hang/10+time.Duration(c.rng.Float64()*float64(c.hang)*0.9)
	if how == hangs {
		c.calm = time.Now().Add((1 + calmPerHang) * wait)
	}
	return func(ctx *bastion.Context) error {
		c.struck[how].Add(1)
		switch how {
		case panics:
			flavours[flavour]()
		case exits:
			runtime.Goexit()
		case hangs:
			// Blocks as a disk or a lock would: the runtime is told nothing.
			pause(ctx, wait)
			return nil
		}
		return errInjected
	}
}

var errInjected = errors.New("chaos: an error")

// flavours are ways to panic that have been seen in the wild.
var flavours = []func(){
	func() { panic("chaos: a text") },
	func() { panic(errInjected) },
	func() { panic(nil) },
	func() { m, _, _ := absent(); m["chaos"]++ },
	func() { _, list, _ := absent(); list[7]++ },
	func() { _, _, e := absent(); e.life++ },
}

// absent is out of sight of the tools that would rather see these mistakes repaired.
func absent() (m map[string]int, list []int, e *entry) { return nil, nil, nil }
