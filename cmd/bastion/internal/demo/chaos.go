package demo

import (
	"context"
	"errors"
	"fmt"
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
type chaos struct {
	rng         *rand.Rand
	shards      []bastion.Ref
	connections *bastion.Group
	listener    bastion.Ref
	hang        time.Duration        // the longest
	struck      [kinds]atomic.Uint64 // failures that happened, by kind
	missed      atomic.Uint64        // not possible, because the target was gone
	due         atomic.Uint64        // restarts that they call for
}

func newChaos(o Options, service *bastion.Supervisor) *chaos {
	return &chaos{
		rng:         rand.New(rand.NewPCG(o.Seed, 0)),
		shards:      service.Group("shards").Members(),
		connections: service.Group("connections"),
		listener:    service.Child("listener"),
		hang:        o.Hang,
	}
}

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

// inject draws a target and a kind. Of ten failures about six go to shards, three to connections, one to the listener.
func (c *chaos) inject(ctx context.Context) {
	draw, choice := c.rng.IntN(10), c.rng.IntN(1<<30)
	how := c.draw(panics, failures, exits)
	switch {
	case draw == 0:
		c.send(ctx, c.listener, c.fault(how, true))
	case draw <= 3:
		members := c.connections.Members()
		if len(members) == 0 {
			c.missed.Add(1)
			return
		}
		target := members[choice%len(members)]
		if how = c.draw(panics, failures, kills); how == kills {
			c.kill(ctx, target)
			return
		}
		c.send(ctx, target, c.fault(how, false))
	default:
		how = c.draw(panics, failures, exits, hangs)
		c.send(ctx, c.shards[choice%len(c.shards)], c.fault(how, how != hangs))
	}
}

func (c *chaos) draw(from ...kind) kind { return from[c.rng.IntN(len(from))] }

func (c *chaos) send(ctx context.Context, to bastion.Ref, f kvstore.Fault) {
	if err := to.Tell(ctx, f); err != nil {
		c.missed.Add(1)
	}
}

func (c *chaos) kill(ctx context.Context, target bastion.Ref) {
	if err := target.Kill(ctx); err != nil {
		c.missed.Add(1)
		return
	}
	c.struck[kills].Add(1)
}

// fault makes the message. What is drawn is drawn here: the generator belongs to the goroutine of chaos.
func (c *chaos) fault(how kind, restarts bool) kvstore.Fault {
	flavour, wait := c.rng.IntN(len(flavours)), c.hang/10+time.Duration(c.rng.Float64()*float64(c.hang)*0.9)
	return func(ctx *bastion.Context) error {
		c.struck[how].Add(1)
		if restarts {
			c.due.Add(1)
		}
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
		return fmt.Errorf("%w: injected", errInjected)
	}
}

var errInjected = errors.New("chaos")

// flavours are ways to panic that have been seen in the wild.
var flavours = []func(){
	func() { panic("chaos: a text") },
	func() { panic(errInjected) },
	func() { panic(nil) },
	func() { var m map[string]int; m["chaos"]++ },
	func() { var e *entry; e.life++ },
	func() { var none []int; _ = none[flavourIndex()] },
}

func flavourIndex() int { return 7 }
