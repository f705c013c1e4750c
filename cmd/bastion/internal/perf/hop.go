package perf

import (
	"context"
	"runtime"

	"github.com/bastion-go/bastion"
)

// How many processes the ring and the pairs have, in every size of run: they
// are part of what is measured.
const (
	ringSize = 1000
	pairs    = 64
)

// token is the message that goes round: a pointer to a small struct.
type token struct {
	left int // hops to go
	done chan<- struct{}
}

// parcel is the message of the rows that send values: 24 bytes.
type parcel struct {
	left int
	done chan<- struct{}
	_    int // makes it 24 bytes
}

// seat is a place in a round: it hands on what it gets until that has been
// handed on often enough. Seats are a cache line each: neighbours that share
// one would measure the program's state and not the runtime.
type seat struct {
	round *round
	next  bastion.Ref
	typed bastion.TypedRef[parcel]
	hops  int
	_     [64]byte
}

// round is some seats and who hands on to whom.
type round struct {
	seats []*seat
	next  func(i int) int
	done  chan struct{} // a signal for each token at its end
}

func newRound(size, tokens int, next func(i int) int) *round {
	return &round{seats: make([]*seat, size), next: next, done: make(chan struct{}, tokens)}
}

// Start takes the seat. Members start in index order, one after another.
func (s *seat) Start(ctx *bastion.Context) error {
	s.round.seats[ctx.Index()] = s
	return nil
}

func (s *seat) Receive(ctx *bastion.Context, msg any) error {
	switch m := msg.(type) {
	case *token:
		s.hops++
		if m.left--; m.left <= 0 {
			m.done <- struct{}{}
			return nil
		}
		return s.next.Tell(ctx, m)
	case parcel:
		s.hops++
		if m.left--; m.left <= 0 {
			m.done <- struct{}{}
			return nil
		}
		return s.next.Tell(ctx, m)
	}
	return ctx.Unhandled()
}

// typedSeat is a seat behind the typed door.
type typedSeat struct{ seat }

func (s *typedSeat) Receive(ctx *bastion.Context, m parcel) error {
	s.hops++
	if m.left--; m.left <= 0 {
		m.done <- struct{}{}
		return nil
	}
	return s.typed.Tell(ctx, m)
}

func (rd *round) handler() bastion.Behavior {
	return bastion.Handle(func() bastion.Receiver { return &seat{round: rd} })
}

func (rd *round) typedHandler() bastion.Behavior {
	return bastion.HandleTyped(func() bastion.TypedReceiver[parcel] { return &typedSeat{seat{round: rd}} })
}

// loop is the seat as a process with a goroutine of its own.
func (rd *round) loop() bastion.Behavior {
	return bastion.Loop(func(ctx *bastion.Context) error {
		s := &seat{round: rd}
		rd.seats[ctx.Index()] = s
		ctx.Ready()
		for {
			msg, err := ctx.Recv()
			if err != nil {
				return err
			}
			if err := s.Receive(ctx, msg); err != nil {
				return err
			}
		}
	})
}

// crew is the group that sits in the round.
func (rd *round) crew(start bastion.Behavior, waitReady bool) []bastion.ChildSpec {
	return []bastion.ChildSpec{{
		Name: "seats", Start: start, Group: true, Count: len(rd.seats), WaitReady: waitReady,
		Intensity: bastion.NoRestarts,
	}}
}

// wire tells every seat who is next. Nothing was sent to the seats yet; the
// first message carries what is written here to them.
func (rd *round) wire(g *rig, typed bool) ([]bastion.Ref, error) {
	members := g.sup.Group("seats").Members()
	if err := counted("members", len(members), len(rd.seats)); err != nil {
		return nil, err
	}
	for i, s := range rd.seats {
		s.next = members[rd.next(i)]
		if typed {
			var err error
			if s.typed, err = bastion.Typed[parcel](s.next); err != nil {
				return nil, err
			}
		}
	}
	return members, nil
}

// sender starts one token of so many hops at a seat.
type sender func(to bastion.Ref, hops int, done chan<- struct{}) error

func sendToken(to bastion.Ref, hops int, done chan<- struct{}) error {
	return to.Tell(context.Background(), &token{left: hops, done: done})
}

func sendParcel(to bastion.Ref, hops int, done chan<- struct{}) error {
	return to.Tell(context.Background(), parcel{left: hops, done: done})
}

func sendTyped(to bastion.Ref, hops int, done chan<- struct{}) error {
	typed, err := bastion.Typed[parcel](to)
	if err != nil {
		return err
	}
	return typed.Tell(context.Background(), parcel{left: hops, done: done})
}

// lap sends the tokens off and waits until all have made their hops, n
// altogether.
func (rd *round) lap(ctx context.Context, g *rig, heads []bastion.Ref, n int, send sender) error {
	before := rd.hops()
	tokens := 0
	for i, head := range heads {
		hops := share(n, len(heads), i)
		if hops == 0 {
			continue
		}
		tokens++
		if err := send(head, hops, rd.done); err != nil {
			return err
		}
	}
	for range tokens {
		if err := g.await(ctx, rd.done); err != nil {
			return err
		}
	}
	g.handled += n
	return counted("hops", rd.hops()-before, n)
}

// hops is how many there were so far. Only while no token is under way.
func (rd *round) hops() int {
	sum := 0
	for _, s := range rd.seats {
		sum += s.hops
	}
	return sum
}

// hopKind says which processes make the hops, and what they hand on.
type hopKind struct {
	size   int
	tokens int
	next   func(i int) int
	loop   bool
	typed  bool
	send   sender
	allocs bool // count objects, not nanoseconds
}

func inRing(size int) func(int) int { return func(i int) int { return (i + 1) % size } }
func inPairs(i int) int             { return i ^ 1 }

// probe makes r.Ops hops.
func (k hopKind) probe(ctx context.Context, r *Run) (float64, error) {
	rd := newRound(k.size, k.tokens, k.next)
	start := rd.handler()
	switch {
	case k.loop:
		start = rd.loop()
	case k.typed:
		start = rd.typedHandler()
	}
	return onRig(ctx, rd.crew(start, k.loop), func(g *rig) (float64, error) {
		members, err := rd.wire(g, k.typed)
		if err != nil {
			return 0, err
		}
		heads := make([]bastion.Ref, k.tokens)
		for i := range heads {
			heads[i] = members[i*k.size/k.tokens]
		}
		clock := r.wall
		if k.allocs {
			clock = r.mallocs
		}
		return r.warm(func(n int) error { return rd.lap(ctx, g, heads, n, k.send) }, clock)
	})
}

var (
	pingpong      = hopKind{size: 2, tokens: 1, next: inPairs, send: sendToken}
	ring          = hopKind{size: ringSize, tokens: 1, next: inRing(ringSize), send: sendToken}
	manyPairs     = hopKind{size: 2 * pairs, tokens: pairs, next: inPairs, send: sendToken}
	loopPingpong  = hopKind{size: 2, tokens: 1, next: inPairs, send: sendToken, loop: true}
	allocsPointer = hopKind{size: 2, tokens: 1, next: inPairs, send: sendToken, allocs: true}
	allocsValue   = hopKind{size: 2, tokens: 1, next: inPairs, send: sendParcel, allocs: true}
	allocsTyped   = hopKind{size: 2, tokens: 1, next: inPairs, send: sendTyped, typed: true, allocs: true}
	typedPingpong = hopKind{size: 2, tokens: 1, next: inPairs, send: sendTyped, typed: true}
)

// pairsGoal is what pairs may cost for each nanosecond of ping-pong on this
// machine: 1 ÷ (0.8 · n · the machine's own scaling over n cores).
func pairsGoal(context.Context) (float64, error) {
	n := runtime.GOMAXPROCS(0)
	return 1 / (0.8 * float64(n) * spinScaling(n)), nil
}
