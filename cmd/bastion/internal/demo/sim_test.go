package demo

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/bastiontest"
	"github.com/bastion-go/bastion/examples/kv/kvstore"
)

// A simulated client is a process beside the shards, in the place of a connection with a client behind it.
type simClient struct {
	s       *bastiontest.Sim
	service *kvstore.Service
	keys    []*entry
	serial  int
	reads   int // that were answered
	writes  int
}

func newSimClient(s *bastiontest.Sim, service *kvstore.Service, id int) *simClient {
	c := &simClient{s: s, service: service}
	for i := range 3 {
		c.keys = append(c.keys, &entry{name: fmt.Sprintf("c%d-k%d", id, i)})
	}
	return c
}

// request sends one command and settles its answer with the same ledger as the demo's clients.
func (c *simClient) request(ctx *bastion.Context, verb string, e *entry) {
	command := kvstore.Command{Verb: verb, Key: e.name}
	if verb == "SET" {
		c.serial++
		command.Value = fmt.Sprint(c.serial)
	}
	a, err := parseAnswer(c.service.Do(ctx, command))
	switch {
	case err != nil:
		c.s.Error(err)
	case a.refused():
		e.doubt(command)
	default:
		if err := e.settle(command, a); err != nil {
			c.s.Error(err)
		}
		if c.writes++; verb == "GET" {
			c.writes--
			c.reads++
		}
	}
}

// work sends requests for its own keys, and reads all of them back when the chaos is over.
func (c *simClient) work(ctx *bastion.Context, calm func() bool) {
	for range 12 {
		e := c.keys[c.s.Choose(len(c.keys))]
		c.request(ctx, []string{"SET", "GET", "GET", "DEL", "INCR"}[c.s.Choose(5)], e)
		if c.s.Choose(4) == 0 {
			_ = ctx.Sleep(time.Duration(c.s.Choose(30)) * time.Millisecond)
		}
	}
	c.s.Until("the end of the chaos", calm)
	_ = ctx.Sleep(time.Minute) // shards may have hangs before them
	for _, e := range c.keys {
		before := c.reads
		if c.request(ctx, "GET", e); c.reads == before {
			c.s.Errorf("%s cannot be read when all is calm", e.name)
		}
	}
}

// simFault is a way to fail a shard. None waits outside of Bastion.
func simFault(how, flavour int) kvstore.Fault {
	return func(ctx *bastion.Context) error {
		switch kind(how) {
		case panics:
			flavours[flavour]()
		case exits:
			runtime.Goexit()
		case hangs:
			_ = ctx.Sleep(time.Second) // twice as long as anybody waits for an answer
			return nil
		}
		return errInjected
	}
}

// simChaos fails shards, restarts them by order, and fails the auditor.
func simChaos(s *bastiontest.Sim, kv *bastion.Supervisor) {
	shards := kv.Group("shards").Members()
	for range 8 {
		s.Sleep(time.Duration(s.Choose(40)) * time.Millisecond)
		shard := shards[s.Choose(len(shards))]
		switch draw := s.Choose(8); draw {
		case 0:
			_ = shard.Restart(context.Background())
		case 1:
			_ = kv.Child("auditor").Exit(context.Background(), errInjected)
		default:
			_ = shard.Tell(context.Background(), simFault(s.Choose(int(kills)), s.Choose(len(flavours))))
		}
	}
}

// The service of the demo in simulation, without its sockets: every write that was answered after its shard's last restart
// is readable, every read shows the last such write, whatever fails in whatever order. The long run is
//
//	go test -run TestSim_Demo ./internal/demo -bastion.seeds=10000
func TestSim_Demo(t *testing.T) {
	bastiontest.Options{Seeds: 300, Budget: 20 * time.Second, History: true}.Run(t, func(s *bastiontest.Sim) {
		service := &kvstore.Service{Shards: 3}
		spec := service.Spec()
		spec.Children = spec.Children[:len(spec.Children)-1] // the listener
		const clients = 3
		left, chaos := clients, true
		var all []*simClient
		for i := range clients {
			c := newSimClient(s, service, i)
			all = append(all, c)
			spec.Children = append(spec.Children, bastion.ChildSpec{Name: fmt.Sprint("client", i), Restart: bastion.Temporary,
				Start: bastion.Loop(func(ctx *bastion.Context) error {
					defer func() { left-- }()
					c.work(ctx, func() bool { return !chaos })
					return nil
				})})
		}
		sys := s.System(bastion.Config{Intensity: bastion.Unlimited}, spec)
		simChaos(s, sys.Root().Supervisor("kv"))
		chaos = false
		s.Until("the clients", func() bool { return left == 0 })
		for _, c := range all {
			if c.reads == 0 {
				s.Error("a client has read nothing")
			}
		}
		if n, err := sys.Inspector().Node("/bastion/kv"); err != nil || n.Restarts > 0 {
			s.Errorf("the service itself was restarted: %v", err)
		}
	})
}

// A shard that forgets a write without a new life is found.
func TestSim_DemoFindsALie(t *testing.T) {
	e := &entry{name: "k"}
	if err := e.settle(kvstore.Command{Verb: "SET", Key: "k", Value: "1"}, answer{word: "OK", life: 1}); err != nil {
		t.Error(err)
	}
	if err := e.settle(kvstore.Command{Verb: "GET", Key: "k"}, answer{word: "NONE", life: 1}); err == nil {
		t.Error("a lost write was not noticed")
	}
}
