package demo

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/examples/kv/kvstore"
)

// ErrListen says that the service got no socket.
var ErrListen = errors.New("cannot listen")

// ErrKilled says that the run was ended at once, and nothing was checked.
var ErrKilled = errors.New("killed: nothing was checked")

// Run serves, loads, fails and checks as the options say. An error means that there is no verdict; whether the checks held
// is in the report. When the context ends, everything is killed.
func Run(ctx context.Context, o Options, view View) (Report, error) {
	o = o.withDefaults()
	r, err := newRun(o)
	if err != nil {
		return Report{}, err
	}
	defer r.socket.Close()
	if err := r.sys.Start(ctx); err != nil {
		return Report{}, err
	}
	r.chaos = newChaos(o, r.service)
	return r.drive(ctx, view)
}

// A run is one call of Run.
type run struct {
	o       Options
	began   time.Time
	socket  *net.TCPListener
	sys     *bastion.System
	service *bastion.Supervisor
	letters atomic.Uint64 // dead letters that the auditor saw
	late    atomic.Uint64 // of those, answers that came too late
	tally   tally
	fleet   *fleet
	chaos   *chaos
	journal *journal
	phase   atomic.Pointer[string]
	entered chan struct{} // a new phase is to be shown
	report  Report
}

func newRun(o Options) (*run, error) {
	address, err := net.ResolveTCPAddr("tcp", o.Listen)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrListen, err)
	}
	r := &run{o: o, began: time.Now(), entered: make(chan struct{}, 1)}
	if r.socket, err = net.ListenTCP("tcp", address); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrListen, err)
	}
	r.sys, err = bastion.New(bastion.Config{Name: "demo", Logger: o.Log})
	if err == nil {
		service := &kvstore.Service{Socket: r.socket, Shards: o.Shards, Audit: r.audit}
		r.service, err = r.sys.Supervise(service.Spec())
	}
	if err != nil {
		_ = r.socket.Close()
		return nil, err
	}
	r.fleet = newFleet(o, r.socket.Addr().String(), &r.tally)
	r.journal = newJournal(r.sys, r.began)
	r.enter("serving")
	return r, nil
}

func (r *run) audit(letter bastion.DeadLetter) {
	r.letters.Add(1)
	if errors.Is(letter.Reason, bastion.ErrLate) {
		r.late.Add(1)
	}
}

// enter begins a phase, and has the view show it at once.
func (r *run) enter(phase string) {
	r.phase.Store(&phase)
	select {
	case r.entered <- struct{}{}:
	default: // the view has yet to come to the phase before
	}
}

// drive goes through the phases. Whatever happens, every goroutine that it started has ended when it returns.
func (r *run) drive(ctx context.Context, view View) (Report, error) {
	defer r.journal.close()
	looking, stopLooking := context.WithCancel(ctx)
	var looker sync.WaitGroup
	looker.Go(func() { r.look(looking, view) })
	defer func() {
		stopLooking()
		looker.Wait()
		view.Close()
	}()

	// The system must go down before anybody can be waited for: clients wait for its answers.
	defer context.AfterFunc(ctx, r.sys.Kill)()
	alive := r.serve(ctx)
	if alive && ctx.Err() == nil {
		r.enter("checking: the service comes to rest, and the clients read all their keys back")
		r.settle(ctx)
	}
	if alive && ctx.Err() == nil {
		r.enter("stopping")
		r.stop(ctx)
	}
	if ctx.Err() != nil {
		r.sys.Kill()
		_ = r.sys.Wait()
		r.fleet.leave()
		return Report{}, ErrKilled
	}
	return r.conclude(), nil
}

// serve runs load and chaos until the end that the options name. It reports whether the system lives: it may have given
// up by itself, and then there is nothing left to check.
func (r *run) serve(whole context.Context) (alive bool) {
	ctx, cancel := context.WithCancel(whole)
	defer cancel()
	ticks := make(chan struct{}, 1024)
	enough := make(chan struct{})
	r.tally.onAnswer = r.pacer(ticks, enough)
	var chaos sync.WaitGroup
	chaos.Go(func() { r.chaos.run(ctx, ticks) })
	if r.o.Every == 0 {
		chaos.Go(func() { tick(ctx, r.o.Chaos, rand.New(rand.NewPCG(r.o.Seed, 1<<32)), ticks) })
	}
	r.fleet.start(ctx)

	var over <-chan time.Time
	if r.o.For > 0 {
		timer := time.NewTimer(r.o.For)
		defer timer.Stop()
		over = timer.C
	}
	alive = true
	select {
	case <-over:
	case <-enough:
	case <-r.o.Quit:
	case <-ctx.Done():
	case <-r.sys.Done():
		alive = false
	}
	cancel()
	chaos.Wait()
	r.fleet.halt()
	r.report.Served = time.Since(r.began)
	if !alive && whole.Err() == nil {
		r.fault("the system stopped by itself: %v", r.sys.Wait())
	}
	return alive
}

// pacer makes what is called at every answer: it ticks for chaos, and tells when enough requests were answered.
func (r *run) pacer(ticks chan<- struct{}, enough chan<- struct{}) func(answered uint64) {
	return func(answered uint64) {
		if r.o.Every > 0 && answered%r.o.Every == 0 {
			select {
			case ticks <- struct{}{}:
			default: // chaos is a thousand behind: enough is going wrong
			}
		}
		if answered == r.o.Requests {
			close(enough)
		}
	}
}

// look shows a snapshot several times a second.
func (r *run) look(ctx context.Context, view View) {
	const every = 200 * time.Millisecond
	var requests, messages rate
	for ticker := time.NewTicker(every); ; {
		now := time.Now()
		books := r.sys.Inspector().Books()
		s := r.snapshot(now, books)
		s.RequestRate = requests.observe(r.tally.answered.Load(), now)
		s.MessageRate = messages.observe(books.Accepted, now)
		view.Show(s)
		select {
		case <-ticker.C:
		case <-r.entered:
		case <-ctx.Done():
			ticker.Stop()
			return
		}
	}
}

func (r *run) snapshot(now time.Time, books bastion.Books) Snapshot {
	s := Snapshot{
		Address:     r.socket.Addr().String(),
		Clients:     r.o.Clients,
		Seed:        r.o.Seed,
		Chaos:       r.o.Chaos,
		Phase:       *r.phase.Load(),
		Elapsed:     now.Sub(r.began),
		For:         r.o.For,
		P50:         r.tally.latency.quantile(0.5),
		P99:         r.tally.latency.quantile(0.99),
		Injected:    r.chaos.injected(),
		Tree:        r.sys.Inspector().Tree(),
		Books:       books,
		DeadLetters: r.letters.Load(),
		Missed:      r.journal.stream.Missed(),
	}
	s.Wrong, _ = r.tally.accusations()
	s.Recent, s.Fresh = r.journal.news()
	return s
}
