package fort

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/bastion-go/bastion/fort/internal/wire"
)

// variable is how a guard tells the program that it is a ward: the version of the
// protocol, the descriptor to talk over, and the one for crash output. "off" in it
// makes Main run the program without a guard.
const variable = "BASTION_FORT"

var (
	// ErrNotGuarded: this process is no ward.
	ErrNotGuarded = errors.New("fort: this process has no guard")
	// ErrStop is the cause of a ward's context that ended because the fort ends, or the
	// program was told to end.
	ErrStop = errors.New("fort: told to stop")
	// ErrUpgrade is the cause when a new version has taken over.
	ErrUpgrade = errors.New("fort: a new version has taken over")
	// ErrMemory is the cause when Config.SoftMemory was reached.
	ErrMemory = errors.New("fort: told to stop for its memory")
)

// reasons are the words that an Order gives them. What is not known is ErrStop.
var reasons = map[string]error{"upgrade": ErrUpgrade, "memory": ErrMemory}

// A session is a ward's talk with its guard. There is one in a process, or none.
type session struct {
	guard    *wire.Conn
	greeting wire.Greeting // what the guard said first; written by greet
	crash    *Crash        // of the predecessor
	failure  error         // no talk is possible
	greeted  sync.Once

	ctx    context.Context // ends when the guard wants the ward to end
	cancel context.CancelCauseFunc

	mu       sync.Mutex
	lastID   uint64
	open     map[uint64]chan wire.Frame // questions to the guard
	counts   map[string]int             // of sockets with a port that the system picks
	ready    bool
	alive    func(context.Context) error
	patience time.Duration // for alive
	asking   bool          // alive is being called
}

// here is what this process is. It is found out while packages are initialised, so
// that no other program that this one starts takes itself for the ward, and so that
// a panic in the initialisation of the packages to come is reported as well.
var here = adopt()

// adopt takes over what the guard left for this process. Nil: there is no guard.
func adopt() *session {
	value, ok := os.LookupEnv(variable)
	if !ok || value == "off" {
		return nil
	}
	mayBecome(value)
	os.Unsetenv(variable)
	takeName()
	s := &session{open: map[uint64]chan wire.Frame{}, counts: map[string]int{}}
	s.ctx, s.cancel = context.WithCancelCause(context.Background())
	s.failure = s.takeOver(value)
	return s
}

func (s *session) takeOver(value string) error {
	words := strings.Split(value, ":")
	version, err := strconv.Atoi(words[0])
	if err != nil || len(words) < 3 {
		return fmt.Errorf("fort: %s=%q was not written by a guard", variable, value)
	}
	if version < wire.Oldest {
		return fmt.Errorf("fort: the guard speaks version %d and this program no version before %d: restart the guard", version, wire.Oldest)
	}
	control, err1 := strconv.Atoi(words[1])
	crash, err2 := strconv.Atoi(words[2])
	if err := errors.Join(err1, err2); err != nil {
		return fmt.Errorf("fort: %s=%q: %w", variable, value, err)
	}
	if s.guard, err = wire.Open(os.NewFile(uintptr(control), "guard")); err != nil {
		return fmt.Errorf("fort: %s=%q: %w", variable, value, err)
	}
	out := os.NewFile(uintptr(crash), "crash")
	defer out.Close() // the runtime keeps a copy
	err = keepPreamble(out, func() error { return debug.SetCrashOutput(out, debug.CrashOptions{}) })
	if err != nil {
		return fmt.Errorf("fort: passing crash output to the guard: %w", err)
	}
	return nil
}

// greet takes the guard's first frame, which it wrote before this process was
// started, and begins to listen. The error is final.
func (s *session) greet() error {
	s.greeted.Do(func() {
		if s.failure != nil {
			return
		}
		f, err := s.guard.Recv()
		if err == nil && f.Kind != wire.Welcome {
			err = fmt.Errorf("the first frame is of kind %d", f.Kind)
		}
		if err == nil {
			err = json.Unmarshal(f.Payload, &s.greeting)
		}
		if err == nil && len(s.greeting.Crash) > 0 {
			s.crash = new(Crash)
			err = json.Unmarshal(s.greeting.Crash, s.crash)
		}
		if err != nil {
			s.failure = fmt.Errorf("fort: hearing from the guard: %w", err)
			return
		}
		go s.listen()
	})
	return s.failure
}

// listen works off what the guard says, until it is gone. Then this process ends
// at once with all its group, as on Linux the kernel sees to anyway.
func (s *session) listen() {
	for {
		f, err := s.guard.Recv()
		if err != nil {
			fmt.Fprintln(os.Stderr, "fort: the guard is gone, and so this process ends")
			endGroup()
		}
		switch f.Kind {
		case wire.Ping:
			s.beat()
		case wire.Stop:
			var order wire.Order
			_ = json.Unmarshal(f.Payload, &order)
			go s.stop(order)
		case wire.Granted, wire.Upgraded:
			s.answer(f)
		}
	}
}

// beat answers a ping, from a goroutine of its own, so that one that answers has
// shown that goroutines are started and scheduled.
func (s *session) beat() {
	s.mu.Lock()
	alive, patience, busy := s.alive, s.patience, s.asking
	s.asking = true
	s.mu.Unlock()
	if busy {
		return
	}
	go func() {
		defer func() {
			s.mu.Lock()
			s.asking = false
			s.mu.Unlock()
		}()
		if alive != nil {
			ctx, cancel := context.WithTimeout(s.ctx, patience)
			defer cancel()
			if err := alive(ctx); err != nil {
				return
			}
		}
		_ = s.guard.Send(wire.Beat, struct{}{})
	}()
}

func (s *session) stop(order wire.Order) {
	if order.Profile != "" {
		if err := writeProfile(order.Profile); err != nil {
			fmt.Fprintln(os.Stderr, "fort: no heap profile:", err)
		}
	}
	cause, ok := reasons[order.Reason]
	if !ok {
		cause = ErrStop
	}
	s.cancel(cause)
}

func writeProfile(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(pprof.Lookup("heap").WriteTo(f, 0), f.Close())
}

// answer gives a frame to whoever asked for it.
func (s *session) answer(f wire.Frame) {
	var id struct {
		ID uint64 `json:"id"`
	}
	_ = json.Unmarshal(f.Payload, &id)
	s.mu.Lock()
	ch := s.open[id.ID]
	delete(s.open, id.ID)
	s.mu.Unlock()
	if ch == nil {
		closeAll(f.FDs) // whoever asked has given up
		return
	}
	ch <- f
}

// ask sends a question with a number in it and waits for the answer.
func (s *session) ask(ctx context.Context, kind wire.Kind, question func(id uint64) any) (wire.Frame, error) {
	if err := s.greet(); err != nil {
		return wire.Frame{}, err
	}
	ch := make(chan wire.Frame, 1)
	s.mu.Lock()
	s.lastID++
	id := s.lastID
	s.open[id] = ch
	s.mu.Unlock()
	if err := s.guard.Send(kind, question(id)); err != nil {
		return wire.Frame{}, fmt.Errorf("fort: asking the guard: %w", err)
	}
	select {
	case f := <-ch:
		return f, nil
	case <-ctx.Done():
		s.mu.Lock()
		delete(s.open, id)
		s.mu.Unlock()
		select {
		case f := <-ch:
			closeAll(f.FDs)
		default:
		}
		return wire.Frame{}, context.Cause(ctx)
	}
}
