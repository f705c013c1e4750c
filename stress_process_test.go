package bastion_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/bastiontest"
)

// What a message makes its receiver do.
type stressOp uint8

const (
	stressPlain stressOp = iota
	stressTell
	stressAsk
	stressAskThen
	stressForward
	stressHold
	stressLate // answered from a bare goroutine
	stressUnhandled
	stressNoAnswer
	stressPanic
	stressError
	stressGoexit
	stressNilDeref
	stressGo
	stressGoFails
	stressSleep
	stressBlock
	stressOrder
	stressBroadcast
	stressTie
	stressHang // deaf to its Context: a kill abandons it
	stressOps
)

// A stressMsg is told, or asked inside a stressQuestion.
type stressMsg struct {
	*stressRecord
	op  stressOp
	ttl int    // how many further messages it may lead to, in depth
	rnd uint64 // what its receiver decides by
}

type stressQuestion struct {
	bastion.Returns[uint64]
	stressMsg
}

var errStress = errors.New("stress: failed on purpose")

// stressHeld are the questions that processes hold, to be answered by anybody at any time.
type stressHeld struct {
	mu sync.Mutex
	qs []stressQuestion
}

func (h *stressHeld) add(q stressQuestion) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.qs = append(h.qs, q)
}

// answerAll answers all that are held, some of which have failed with their holder meanwhile.
func (h *stressHeld) answerAll() {
	h.mu.Lock()
	qs := h.qs
	h.qs = nil
	h.mu.Unlock()
	for _, q := range qs {
		_ = q.Reply(context.Background(), q.id)
	}
}

// child is the spec of a process with chance properties.
func (w *stressWorld) child(name string, rng *rand.Rand) bastion.ChildSpec {
	spec := bastion.ChildSpec{
		Name: name, Shutdown: time.Duration(20+rng.IntN(200)) * time.Millisecond, Intensity: bastion.Unlimited,
		DropMailbox: rng.IntN(8) == 0,
	}
	switch rng.IntN(6) {
	case 0:
		spec.Backoff = bastion.Constant{Delay: time.Millisecond}
	case 1:
		spec.Backoff = bastion.Exponential{First: 100 * time.Microsecond, Max: 2 * time.Millisecond, Jitter: 0.5}
	}
	if rng.IntN(6) == 0 {
		spec.Conditions = []bastion.Condition{{Is: errStress, Then: bastion.Resume}}
	}
	switch rng.IntN(4) {
	case 0:
		spec.Start = bastion.Loop(func(ctx *bastion.Context) error { return w.loop(ctx) })
	case 1:
		spec.Start = bastion.Handle(func() bastion.Receiver { return &stressHooked{stressHandler{w: w}} })
	default:
		spec.Start = bastion.Handle(func() bastion.Receiver { return &stressHandler{w: w} })
	}
	spec.Mailbox = stressMailbox(rng)
	if rng.IntN(4) == 0 {
		spec.Heartbeat = time.Duration(40+rng.IntN(80)) * time.Millisecond
	}
	if spec.Intensity = (bastion.Intensity{}); rng.IntN(10) == 0 {
		spec.Callbacks = bastion.Callbacks{
			BeforeStart:  func(*bastion.Context) error { return nil },
			AfterRestart: func(*bastion.Context, bastion.Failure) error { return nil },
			AfterStop:    func(bastion.Failure) {},
		}
	}
	return spec
}

type stressHandler struct {
	w    *stressWorld
	busy bool // to see that nobody else is in here; no lock on purpose
}

func (h *stressHandler) Receive(ctx *bastion.Context, msg any) error {
	if h.busy {
		h.w.log.fault("%s: two at once in one incarnation", ctx.Self())
	}
	h.busy = true
	defer func() { h.busy = false }()
	return h.w.receive(ctx, msg)
}

// stressHooked also sends from its hooks.
type stressHooked struct{ stressHandler }

func (h *stressHooked) Start(ctx *bastion.Context) error {
	s := h.w.sender(ctx, uint64(ctx.Incarnation()))
	s.tell(ctx, h.w.target(s.rng), stressPlain, 0)
	return nil
}

func (h *stressHooked) Stop(ctx *bastion.Context, _ error) error {
	s := h.w.sender(ctx, uint64(ctx.Incarnation()))
	s.tell(ctx, h.w.target(s.rng), stressPlain, 0)
	return nil
}

func (w *stressWorld) loop(ctx *bastion.Context) error {
	for turn := uint64(0); ; turn++ {
		msg, err := stressRecv(ctx, turn)
		if err != nil {
			return err
		}
		if err := w.receive(ctx, msg); err != nil {
			return err
		}
	}
}

// receive is what every process does with every message.
func (w *stressWorld) receive(ctx *bastion.Context, msg any) error {
	switch m := msg.(type) {
	case stressMsg:
		w.log.received(ctx, m.stressRecord)
		return w.act(ctx, m, nil)
	case bastion.Down:
		w.ties.down(w, ctx, m)
		return nil
	case bastion.Exit:
		w.ties.trapped(w, ctx, m)
		return nil
	case stressQuestion:
		w.log.received(ctx, m.stressRecord)
		if err := w.act(ctx, m.stressMsg, &m); err != nil {
			return err
		}
		if m.op != stressNoAnswer && m.op != stressHold && m.op != stressLate && m.op != stressForward {
			_ = m.Reply(ctx, m.id)
		}
		return nil
	}
	w.log.fault("%s got a %T", ctx.Self(), msg)
	return nil
}

func (w *stressWorld) act(ctx *bastion.Context, m stressMsg, q *stressQuestion) error {
	if w.quiet.Load() {
		if q != nil {
			_ = q.Reply(ctx, q.id)
		}
		return nil
	}
	s := w.sender(ctx, m.rnd)
	switch m.op {
	case stressTell:
		for range 2 {
			s.tell(ctx, w.target(s.rng), s.op(), m.ttl-1)
		}
	case stressAsk:
		s.ask(ctx, w.target(s.rng), stressPlain)
	case stressAskThen:
		s.askThen(ctx, w.target(s.rng), m.ttl)
	case stressBroadcast:
		s.broadcast(ctx)
	case stressForward:
		if to := w.target(s.rng); m.forwards.Add(1) <= 3 && ctx.Forward(to) == nil {
			m.accepted.Add(1)
			m.mark.Forwarded(to, nil)
		}
	case stressHold, stressLate:
		w.keep(ctx, m, q)
	case stressUnhandled:
		return ctx.Unhandled()
	case stressOrder:
		w.order(ctx, s.rng)
	case stressTie:
		return w.tie(ctx, s)
	case stressSleep:
		_ = ctx.Sleep(100 * time.Microsecond)
	case stressBlock:
		select {
		case <-time.After(time.Millisecond):
		case <-ctx.Done():
		}
	case stressHang:
		<-time.After(time.Duration(m.rnd % uint64(80*time.Millisecond)))
	case stressGo, stressGoFails:
		return w.spawn(ctx, m)
	default:
		return failBy(m.op)
	}
	return nil
}

// failBy fails as op says.
func failBy(op stressOp) error {
	switch op {
	case stressPanic:
		panic("stress: on purpose")
	case stressError:
		return errStress
	case stressGoexit:
		runtime.Goexit()
	case stressNilDeref:
		var p *stressMsg
		p.op = 0
	}
	return nil
}

// keep holds a question for whoever answers the held, or answers it from a bare goroutine.
func (w *stressWorld) keep(ctx *bastion.Context, m stressMsg, q *stressQuestion) {
	if q == nil || q.Hold(ctx) != nil {
		return
	}
	if m.op == stressHold {
		w.held.add(*q)
		return
	}
	answer := *q
	go func() { _ = answer.Reply(ctx, answer.id) }()
}

// spawn starts a goroutine of the incarnation that sends, and then fails or does not.
func (w *stressWorld) spawn(ctx *bastion.Context, m stressMsg) error {
	err := ctx.Go(func(ctx *bastion.Context) error {
		s := w.sender(ctx, m.rnd)
		s.key = 1<<45 + m.id
		if m.rnd%8 == 0 {
			<-time.After(50 * time.Millisecond)
		}
		s.tell(ctx, w.target(s.rng), stressPlain, 0)
		s.ask(ctx, w.target(s.rng), stressPlain)
		if m.op == stressGoFails {
			return errStress
		}
		return nil
	})
	if errors.Is(err, bastion.ErrEnded) || errors.Is(err, bastion.ErrStopping) {
		return nil
	}
	return err
}

// A stressSender is one goroutine that sends.
type stressSender struct {
	w   *stressWorld
	key uint64 // whose messages are in order
	rng *rand.Rand
}

func (w *stressWorld) sender(ctx *bastion.Context, rnd uint64) stressSender {
	return stressSender{w: w, key: ctx.Self().ID(), rng: rand.New(rand.NewPCG(rnd, w.seed))}
}

// op is what a message is to lead to; many of them to nothing.
func (s stressSender) op() stressOp {
	switch s.rng.IntN(8) {
	case 0, 1, 2:
		return stressPlain
	case 3, 4:
		return stressTie
	}
	return stressOp(s.rng.IntN(int(stressOps)))
}

func (s stressSender) message(to bastion.Ref, op stressOp, ttl int) stressMsg {
	if ttl <= 0 {
		op = stressPlain
	}
	return stressMsg{stressRecord: s.w.log.record(s.key, to), op: op, ttl: ttl, rnd: s.rng.Uint64()}
}

func (s stressSender) tell(ctx context.Context, to bastion.Ref, op stressOp, ttl int) {
	m := s.message(to, op, ttl)
	m.mark = s.w.log.history.Sending(s.named(ctx), to)
	ctx, cancel := context.WithTimeout(ctx, time.Second) // where it may have to wait for room
	defer cancel()
	err := to.Tell(ctx, m)
	m.mark.Sent(err)
	if err == nil {
		m.accepted.Add(1)
	}
}

// named is ctx for the history, which knows each sender by its key.
func (s stressSender) named(ctx context.Context) context.Context {
	return bastiontest.As(ctx, strconv.FormatUint(s.key, 10))
}

func (s stressSender) broadcast(ctx context.Context) {
	m := s.message(bastion.Ref{}, stressPlain, 0)
	n := 0
	if s.rng.IntN(4) == 0 {
		n, _ = s.w.sys.Broadcast(ctx, m)
	} else {
		n, _ = s.w.group(s.rng).Broadcast(ctx, m)
	}
	m.accepted.Add(int32(n))
}

// ask asks, now and then without the patience to wait for the answer.
func (s stressSender) ask(ctx context.Context, to bastion.Ref, op stressOp) {
	q := stressQuestion{stressMsg: s.message(to, op, 1)}
	q.asked = true
	if s.rng.IntN(4) == 0 {
		var cancel func()
		ctx, cancel = context.WithTimeout(ctx, time.Duration(s.rng.IntN(2000))*time.Microsecond)
		defer cancel()
	}
	q.mark = s.w.log.history.Asking(s.named(ctx), to)
	s.w.log.asking.Add(1)
	answer, err := bastion.Ask(ctx, to, q)
	s.w.log.asking.Add(-1)
	s.w.log.resolved(q.stressRecord, answer, err)
}

func (s stressSender) askThen(ctx *bastion.Context, to bastion.Ref, ttl int) {
	q := stressQuestion{stressMsg: s.message(to, s.op(), 1)}
	q.asked = true
	err := bastion.AskThen(ctx, to, q, func(ctx *bastion.Context, answer uint64, err error) error {
		s.w.log.resolved(q.stressRecord, answer, err)
		if s.w.quiet.Load() {
			return nil
		}
		s.tell(ctx, s.w.target(s.rng), stressPlain, ttl-1)
		return failBy([]stressOp{stressPlain, stressPlain, stressPlain, stressPanic, stressError}[s.rng.IntN(5)])
	})
	if err != nil && !errors.Is(err, bastion.ErrNotHandler) {
		s.w.log.resolved(q.stressRecord, 0, err)
	}
}
