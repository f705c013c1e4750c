package demo

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// FortOptions says what RunFort runs. Of Options it takes Listen, Shards, Clients, Seed, For and Quit.
type FortOptions struct {
	Options
	Deaths float64   // of the whole program, a second
	Guard  []string  // the command of the program that calls GuardMain; it gets listen, shards and folder as arguments
	Stderr io.Writer // what guard and wards write to standard error; nil: nowhere
}

// comeBack bounds the wait for a ward: it is no measure of anything, for that the report has its times.
const comeBack = time.Minute

// RunFort has the service run in another program, in a fort, loads it from this one, and has it die as no process can
// survive. An error means that there is no verdict; whether the checks held is in the report. When the context ends,
// everything is killed.
func RunFort(ctx context.Context, o FortOptions, view FortView) (FortReport, error) {
	dir, err := os.MkdirTemp("", "bastion-demo-")
	if err != nil {
		return FortReport{}, err
	}
	defer os.RemoveAll(dir)
	if err := canListen(o.Listen); err != nil {
		return FortReport{}, err
	}
	r := &fortRun{o: o, began: time.Now(), entered: make(chan struct{}, 1), changed: make(chan struct{}, 1)}
	r.enter("starting")
	if err := r.launch(dir); err != nil {
		return FortReport{}, err
	}
	return r.drive(ctx, view)
}

// canListen finds an address that cannot be had before a fort is built for it.
func canListen(address string) error {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrListen, err)
	}
	return l.Close()
}

// A fortRun is one call of RunFort.
type fortRun struct {
	o       FortOptions
	began   time.Time
	guard   *exec.Cmd
	orders  io.WriteCloser // standard input of the wards
	reading sync.WaitGroup // of what they say
	over    chan struct{}  // closed when guard and wards are gone
	tail    tail           // of standard error

	tally   tally
	fleet   *fleet
	phase   atomic.Pointer[string]
	entered chan struct{} // a new phase is to be shown
	changed chan struct{} // there was a bulletin
	report  FortReport
	blame   sync.Mutex // of the report's faults

	mu    sync.Mutex
	now   bulletin // of the ward that serves, or served last
	end   *bulletin
	fatal string // why there will be none
	story []string
	fresh []string
	died  int
	found map[int]*bulletin // by the incarnation that has crashed: who reports it
}

// launch starts the guard, with its wards in a process group that no terminal interrupts.
func (r *fortRun) launch(dir string) error {
	argv := append(append([]string{}, r.o.Guard...), r.o.Listen, strconv.Itoa(r.o.Shards), filepath.Join(dir, "crashes"))
	r.guard = exec.Command(argv[0], argv[1:]...)
	r.guard.SysProcAttr = apart()
	r.guard.Stderr = &r.tail
	if r.o.Stderr != nil {
		r.guard.Stderr = io.MultiWriter(&r.tail, r.o.Stderr)
	}
	r.found, r.over = map[int]*bulletin{}, make(chan struct{})
	orders, err := r.guard.StdinPipe()
	if err != nil {
		return err
	}
	r.orders = orders
	out, err := r.guard.StdoutPipe()
	if err != nil {
		return err
	}
	if err := r.guard.Start(); err != nil {
		return err
	}
	r.reading.Go(func() {
		defer close(r.over)
		r.listen(out)
		_ = r.guard.Wait()
	})
	return nil
}

// listen takes the bulletins, until nobody is left who could write one.
func (r *fortRun) listen(out io.Reader) {
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var b bulletin
		if json.Unmarshal(line, &b) == nil {
			r.take(&b)
		}
		select {
		case r.changed <- struct{}{}:
		default:
		}
	}
}

func (r *fortRun) take(b *bulletin) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case b.Failed != "":
		r.fatal = b.Failed
	case b.Stopped != nil:
		r.end = b
	case b.Address != "":
		r.now = *b
		if b.Crash != nil {
			r.found[b.Crash.Incarnation] = b
			r.tell("the guard reports: incarnation %d, %s", b.Crash.Incarnation, b.Crash.Reason)
		}
		r.tell("incarnation %d serves, process %d", b.Incarnation, b.PID)
	}
}

// tell adds a line to the story. The lock is held.
func (r *fortRun) tell(format string, values ...any) {
	line := fmt.Sprintf("%6.1f s  ", time.Since(r.began).Seconds()) + fmt.Sprintf(format, values...)
	r.fresh = append(r.fresh, line)
	r.story = append(r.story, line)
	r.story = r.story[max(len(r.story)-maxRecent, 0):]
}

func (r *fortRun) enter(phase string) {
	r.phase.Store(&phase)
	select {
	case r.entered <- struct{}{}:
	default:
	}
}

// drive goes through the phases. Whatever happens, nothing that it started is left when it returns.
func (r *fortRun) drive(ctx context.Context, view FortView) (FortReport, error) {
	looking, stopLooking := context.WithCancel(ctx)
	var looker sync.WaitGroup
	defer func() {
		_ = r.guard.Process.Kill() // a guard that is gone already has been waited for
		r.reading.Wait()
		stopLooking()
		looker.Wait()
		view.Close()
	}()
	defer context.AfterFunc(ctx, func() { _ = r.guard.Process.Kill() })()
	if !r.await(ctx, func() bool { return r.now.Address != "" }) {
		return FortReport{}, r.unable(ctx)
	}
	r.fleet = newFleet(r.o.Options, r.now.Address, &r.tally)
	r.enter("serving")
	looker.Go(func() { r.look(looking, view) })
	r.serve(ctx)
	if ctx.Err() == nil {
		r.enter("checking: the clients read all their keys back")
		r.settle(ctx)
		r.enter("stopping")
		r.stop(ctx)
	}
	if ctx.Err() != nil {
		_ = r.guard.Process.Kill()
		r.fleet.leave()
		return FortReport{}, ErrKilled
	}
	return r.conclude(), nil
}

// unable says why there is no service.
func (r *fortRun) unable(ctx context.Context) error {
	if ctx.Err() != nil {
		return ErrKilled
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fatal != "" {
		return fmt.Errorf("%w: %s", ErrListen, r.fatal)
	}
	return fmt.Errorf("the fort does not serve: %s", r.tail.String())
}

// await waits until what is asked holds, looking at every bulletin. It reports false when it will not come.
func (r *fortRun) await(ctx context.Context, holds func() bool) bool {
	limit := time.NewTimer(comeBack)
	defer limit.Stop()
	for {
		r.mu.Lock()
		held, fatal := holds(), r.fatal
		r.mu.Unlock()
		if held {
			return true
		}
		select {
		case <-r.changed:
		case <-r.over:
			r.mu.Lock()
			defer r.mu.Unlock()
			return holds()
		case <-limit.C:
			return false
		case <-ctx.Done():
			return false
		}
		if fatal != "" {
			return false
		}
	}
}

// serve runs load and deaths until the end that the options name.
func (r *fortRun) serve(whole context.Context) {
	ctx, cancel := context.WithCancel(whole)
	defer cancel()
	if r.o.For > 0 {
		ctx, cancel = context.WithTimeout(ctx, r.o.For)
		defer cancel()
	}
	r.fleet.start(whole)
	var killer sync.WaitGroup
	killer.Go(func() { r.kill(ctx) })
	select {
	case <-ctx.Done():
	case <-r.o.Quit:
	case <-r.over:
		if whole.Err() == nil {
			r.fault("the fort has ended by itself: %s: %s", r.guard.ProcessState, r.tail.String())
		}
	}
	cancel()
	killer.Wait() // the death that has begun is seen through
	r.fleet.halt()
	r.report.Served = time.Since(r.began)
}

// kill has the ward die, again and again: the first way first, then in any order, each as often as the others.
func (r *fortRun) kill(ctx context.Context) {
	rng := rand.New(rand.NewPCG(r.o.Seed, 0))
	var next []death
	for first := true; r.o.Deaths > 0; first = false {
		wait := (0.5 + rng.Float64()) / r.o.Deaths
		if first {
			wait = min(wait, 1)
		}
		pause(ctx, time.Duration(wait*float64(time.Second)))
		if ctx.Err() != nil {
			return
		}
		if len(next) == 0 {
			next = append(next, deaths...)
			if !first {
				rng.Shuffle(len(next), func(i, j int) { next[i], next[j] = next[j], next[i] })
			}
		}
		if !r.inflict(next[0]) {
			return
		}
		next = next[1:]
	}
}

// inflict is one death, seen through until its successor serves and the report is there.
func (r *fortRun) inflict(d death) bool {
	r.mu.Lock()
	was := r.now
	r.died++
	r.tell("INJECTED into incarnation %d: %s", was.Incarnation, d.what)
	r.mu.Unlock()
	began := time.Now()
	var err error
	if d.die == nil {
		err = killProcess(was.PID)
	} else {
		_, err = io.WriteString(r.orders, d.order+"\n")
	}
	// With the context of the run a death that was begun would be left half seen.
	back := err == nil && r.await(context.Background(), func() bool { return r.now.Incarnation > was.Incarnation })
	if !back {
		r.fault("after a %s (incarnation %d) nobody came back: %v", d.what, was.Incarnation, errors.Join(err, errors.New(r.tail.String())))
		return false
	}
	r.record(d, was, time.Since(began))
	return true
}
