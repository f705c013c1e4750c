package perf

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// The baselines: what the same work costs in plain Go, or the least that
// memory shared between cores can cost.
var (
	atomicAdd    = Side{Name: "atomic add", Ops: 20_000_000, Probe: probeAtomicAdd}
	channelHop   = Side{Name: "channel hop", Ops: 1_000_000, Probe: probeChannelHop}
	channelSend  = Side{Name: "buffered channel send", Ops: 3_000_000, Probe: probeChannelSend}
	channelTrip  = Side{Name: "channel round trip", Ops: 500_000, Probe: probeChannelTrip}
	goMany       = Side{Name: "go f(), together", Ops: 500_000, Probe: probeGoMany}
	goOne        = Side{Name: "go f(), one at a time", Ops: 500_000, Probe: probeGoOne}
	goMillion    = Side{Name: "a million goroutines", Ops: 1, Crowd: 1_000_000, Probe: probeGoMillion}
	goroutine    = Side{Name: "parked goroutine", Ops: 1, Crowd: 20_000, Probe: probeGoroutineBytes}
	recovering   = Side{Name: "panic and recover", Ops: 50_000, Probe: probeRecover}
	recoverP99   = Side{Name: "panic, recover, go f(): p99", Ops: 2_000, Probe: probeRecoverP99}
	idleProgram  = Side{Name: "no system", Ops: idleOps, Probe: probeIdleProgram}
	channelAlloc = Side{Name: "channel hop", Ops: 200_000, Probe: probeChannelAllocs}
	boxedAlloc   = Side{Name: "channel hop, boxed", Ops: 200_000, Probe: probeBoxedAllocs}
)

// paddedWord is alone in its cache line (and in the neighbour that the
// prefetcher fetches with it), so that the add is uncontended indeed.
type paddedWord struct {
	_ [128]byte
	n int64
	_ [120]byte
}

func probeAtomicAdd(_ context.Context, r *Run) (float64, error) {
	word := new(paddedWord)
	want := int64(0)
	return r.laps(func(n int) error {
		for range n {
			atomic.AddInt64(&word.n, 1)
		}
		want += int64(n)
		return counted("adds", int(word.n), int(want))
	})
}

// pingGoroutines sends n values to and fro over two unbuffered channels: n
// sends altogether.
func pingGoroutines[M any](n int, value func(i int) M) error {
	there, back := make(chan M), make(chan M)
	received := 0
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(back)
		for v := range there {
			received++
			back <- v
		}
	})
	sent := 0
	for ; sent < n; sent += 2 {
		there <- value(sent)
		<-back
	}
	close(there)
	wg.Wait()
	return counted("sends", 2*received, sent)
}

func probeChannelHop(_ context.Context, r *Run) (float64, error) {
	t := new(token)
	return r.laps(func(n int) error {
		return pingGoroutines(n, func(int) *token { return t })
	})
}

func probeChannelTrip(_ context.Context, r *Run) (float64, error) {
	t := new(token)
	return r.laps(func(n int) error {
		return pingGoroutines(2*n, func(int) *token { return t })
	})
}

func probeChannelAllocs(_ context.Context, r *Run) (float64, error) {
	t := new(token)
	return r.warm(func(n int) error {
		return pingGoroutines(n, func(int) *token { return t })
	}, r.mallocs)
}

func probeBoxedAllocs(_ context.Context, r *Run) (float64, error) {
	// Only every other send boxes, on the way there: so twice as many.
	v, err := r.warm(func(n int) error {
		return pingGoroutines(2*n, func(i int) any { return parcel{left: i} })
	}, r.mallocs)
	return v, err
}

func probeChannelSend(_ context.Context, r *Run) (float64, error) {
	t := new(token)
	return r.laps(func(n int) error {
		pipe := make(chan *token, 1024)
		received := 0
		var wg sync.WaitGroup
		wg.Go(func() {
			for range pipe {
				received++
			}
		})
		for range n {
			pipe <- t
		}
		close(pipe)
		wg.Wait()
		return counted("sends", received, n)
	})
}

func probeGoMany(_ context.Context, r *Run) (float64, error) {
	return r.laps(func(n int) error {
		var ran atomic.Int64
		err := batches(n, 100_000, func(n int) error {
			var wg sync.WaitGroup
			wg.Add(n)
			for range n {
				go func() { ran.Add(1); wg.Done() }()
			}
			wg.Wait()
			return nil
		})
		if err != nil {
			return err
		}
		return counted("goroutines", int(ran.Load()), n)
	})
}

func probeGoOne(_ context.Context, r *Run) (float64, error) {
	return r.laps(func(n int) error {
		ran := 0
		done := make(chan struct{})
		for range n {
			go func() { ran++; done <- struct{}{} }()
			<-done
		}
		return counted("goroutines", ran, n)
	})
}

func probeGoMillion(_ context.Context, r *Run) (float64, error) {
	park := newParking()
	took, err := r.cpu(func() error { park.fill(r.Crowd); return nil })
	parked := park.empty()
	if err != nil {
		return 0, err
	}
	return took / float64(time.Second) * 1e6 / float64(r.Crowd), counted("goroutines", parked, r.Crowd)
}

func probeGoroutineBytes(_ context.Context, r *Run) (float64, error) {
	spent := spendDead()
	defer spent.empty()
	park := newParking()
	before := liveBytes()
	r.started()
	park.fill(r.Crowd)
	r.stopped()
	after := liveBytes()
	return (after - before) / float64(r.Crowd), counted("goroutines", park.empty(), r.Crowd)
}

// parking holds goroutines that wait on a channel.
type parking struct {
	in, out sync.WaitGroup
	gate    chan struct{}
	parked  atomic.Int64
}

func newParking() *parking { return &parking{gate: make(chan struct{})} }

func (p *parking) fill(n int) {
	p.in.Add(n)
	for range n {
		p.out.Go(func() {
			p.in.Done()
			<-p.gate
			p.parked.Add(1)
		})
	}
	p.in.Wait()
}

func (p *parking) empty() int {
	close(p.gate)
	p.out.Wait()
	return int(p.parked.Load())
}

// probeRecover is the least that a contained crash can cost: a panic as deep
// in user code as the crasher's, and a recover that keeps the stack.
func probeRecover(_ context.Context, r *Run) (float64, error) {
	return r.warm(func(n int) error {
		caught := 0
		for range n {
			if recovered(fall) {
				caught++
			}
		}
		return counted("panics", caught, n)
	}, r.cpu)
}

func recovered(f func()) (caught bool) {
	defer func() {
		var stack [32]uintptr
		caught = recover() != nil && runtime.Callers(1, stack[:]) > 0
	}()
	f()
	return false
}

// probeRecoverP99 restarts a goroutine that panicked, by hand, and returns the
// 99th percentile of the time from the panic to the new goroutine.
func probeRecoverP99(ctx context.Context, r *Run) (float64, error) {
	runtime.GC()
	took := make([]float64, 0, r.Ops)
	up := make(chan time.Time)
	r.started()
	for range r.Ops {
		var fell time.Time
		go func() {
			recovered(func() { fell = time.Now(); fall() })
			go func() { up <- time.Now() }()
		}()
		took = append(took, float64((<-up).Sub(fell)))
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
	}
	r.stopped()
	return percentile(took, 0.99), nil
}

// counted is the check behind every figure.
func counted(what string, got, want int) error {
	if got != want {
		return fmt.Errorf("%s: counted %d of %d", what, got, want)
	}
	return nil
}

// spinScaling is how well n cores do n times the work of one, with work that
// shares nothing: 1 on a quiet machine with n real cores, less where cores are
// shared with others. It is the median of five tries.
func spinScaling(n int) float64 {
	tries := make([]float64, 5)
	for i := range tries {
		tries[i] = float64(spin(1)) / float64(spin(n))
	}
	return min(median(tries), 1)
}

// spin lets n goroutines do the same amount of work each and returns how long
// the last of them took.
func spin(n int) time.Duration {
	const rounds = 20_000_000
	var wg sync.WaitGroup
	sums := make([]paddedWord, n)
	start := time.Now()
	for i := range n {
		wg.Go(func() {
			x := int64(i + 1)
			for range rounds {
				x ^= x << 13
				x ^= int64(uint64(x) >> 7)
				x ^= x << 17
			}
			sums[i].n = x // so that the compiler keeps the loop
		})
	}
	wg.Wait()
	return time.Since(start)
}
