package demo

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bastion-go/bastion/examples/kv/kvstore"
)

// A fleet is all clients together.
type fleet struct {
	clients []*client
	stop    context.CancelFunc
	done    sync.WaitGroup
}

func newFleet(o Options, address string, t *tally) *fleet {
	f := &fleet{stop: func() {}}
	for id := range o.Clients {
		f.clients = append(f.clients, newClient(id, address, o.Seed, t))
	}
	return f
}

// start sets all clients to work until halt is called or the context ends.
func (f *fleet) start(ctx context.Context) {
	ctx, f.stop = context.WithCancel(ctx)
	for _, c := range f.clients {
		f.done.Go(func() { c.work(ctx) })
	}
}

// halt ends the work and waits until every client has the answer to its last request. It may be called again.
func (f *fleet) halt() {
	f.stop()
	f.done.Wait()
}

// leave closes all connections politely.
func (f *fleet) leave() { f.each(func(c *client) { c.leave() }) }

func (f *fleet) each(do func(*client)) {
	var all sync.WaitGroup
	for _, c := range f.clients {
		all.Go(func() { do(c) })
	}
	all.Wait()
}

// readBack reads every key of every client, with the system at rest, and returns how many keys it read. A key counts
// when its answer came from the incarnation that runs now; current tells whether a life is of that.
func (f *fleet) readBack(ctx context.Context, current func(key string, life uint64) bool) uint64 {
	var read atomic.Uint64
	f.each(func(c *client) {
		for slot := range c.keys {
			if err := c.readOne(ctx, slot, current); err != nil {
				c.tally.accuse(err)
				continue
			}
			read.Add(1)
		}
		if err := c.compareListing(ctx, current); err != nil {
			c.tally.accuse(err)
		}
	})
	return read.Load()
}

// readOne reads a key until the answer is from the life that runs. Usually that is the first; somebody else
// may be failing shards by hand.
func (c *client) readOne(ctx context.Context, slot int, current func(key string, life uint64) bool) error {
	for ctx.Err() == nil {
		e := c.keys[slot]
		if c.conn == nil && !c.connect(ctx) {
			continue
		}
		if c.request(slot, kvstore.Command{Verb: "GET", Key: e.name}) && current(e.name, e.life) {
			return nil
		}
		pause(ctx, 5*time.Millisecond)
	}
	e := c.keys[slot]
	if c.trouble != nil {
		return fmt.Errorf("GET %s: cannot be read at the end: %w", e.name, c.trouble)
	}
	return fmt.Errorf("GET %s: cannot be read at the end (last answer from life %d, which is not the one that runs)", e.name, e.life)
}

// compareListing wants KEYS to list what GET found. A shard that somebody fails by hand between the two explains a
// difference once, so a different key is read again and gets another chance.
func (c *client) compareListing(ctx context.Context, current func(key string, life uint64) bool) error {
	var err error
	for range 3 {
		listed, listErr := c.listing(ctx)
		if listErr != nil {
			return listErr
		}
		err = nil
		for slot, e := range c.keys {
			if listed[e.name] != e.known.found {
				err = fmt.Errorf("KEYS %s: listing %s is %t, but GET found %v", c.prefix(), e.name, listed[e.name], e.known)
				if again := c.readOne(ctx, slot, current); again != nil {
					return again
				}
			}
		}
		if err == nil {
			break
		}
	}
	return err
}

// listing asks for the names of this client's keys until it gets them.
func (c *client) listing(ctx context.Context) (map[string]bool, error) {
	for ; ctx.Err() == nil; pause(ctx, 5*time.Millisecond) {
		if c.conn == nil && !c.connect(ctx) {
			continue
		}
		a, err := c.exchange(kvstore.Command{Verb: "KEYS", Key: c.prefix()})
		if err != nil {
			c.disconnect()
		} else if !a.refused() {
			listed := make(map[string]bool)
			for _, name := range strings.Fields(a.text) {
				listed[name] = true
			}
			return listed, c.checkListing(a)
		}
	}
	return nil, fmt.Errorf("KEYS %s: cannot be read at the end", c.prefix())
}
