package executor

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestE6_SpawnAndAwait(t *testing.T) {
	e := started(t, Config{Workers: 2})
	f := Spawn(e, FutureSpec{Name: "sum"}, func(ctx context.Context) (int, error) { return 42, nil })
	for range 2 { // as often as one likes
		if v, err := f.Await(context.Background()); v != 42 || err != nil {
			t.Errorf("Await: %d, %v", v, err)
		}
	}
	if f.State() != Succeeded || f.Name() != "sum" {
		t.Errorf("state %v, name %q", f.State(), f.Name())
	}
	no := errors.New("no")
	g := Spawn(e, FutureSpec{}, func(ctx context.Context) (string, error) { return "half", no })
	if v, err := g.Await(context.Background()); v != "half" || err != no || g.State() != Failed {
		t.Errorf("Await: %q, %v, state %v", v, err, g.State())
	}
	atRest(t, e)
}

func TestE6_PanicBecomesAnErrorValue(t *testing.T) {
	custom := errors.New("custom")
	var nilMap map[string]int
	for name, tt := range map[string]struct {
		f    func()
		text string
		is   error
	}{
		"string":  {f: func() { panic("boom") }, text: "panic: boom"},
		"error":   {f: func() { panic(custom) }, text: "panic: custom", is: custom},
		"nil":     {f: func() { panic(nil) }, text: "panic: panic called with nil argument"},
		"runtime": {f: func() { nilMap["x"] = 1 }, text: "panic: assignment to entry in nil map"},
		"struct":  {f: func() { panic(struct{ a int }{1}) }, text: "panic: (struct { a int })"},
		"goexit":  {f: func() { runtime.Goexit() }, text: "goroutine ended by runtime.Goexit"},
		"nested": {f: func() {
			defer func() { panic("second") }()
			panic("first")
		}, text: "panic: second"},
	} {
		t.Run(name, func(t *testing.T) {
			e := started(t, Config{Workers: 1})
			seen := make(chan *PanicError, 1)
			ended := make(chan error, 1)
			f := Spawn(e, FutureSpec{
				Name:          name,
				AfterPanic:    func(n string, p *PanicError) { seen <- p },
				AfterComplete: func(n string, err error) { ended <- err },
			}, func(context.Context) (int, error) { tt.f(); return 0, nil })
			p := within(t, seen, "AfterPanic, though nobody awaits")
			if !strings.HasPrefix(p.Error(), tt.text) {
				t.Errorf("error %q, want %q", p, tt.text)
			}
			if !strings.Contains(p.Stack(), "TestE6_PanicBecomesAnErrorValue") || strings.Contains(p.Stack(), "runtime.gopanic") && name == "string" {
				t.Errorf("stack:\n%s", p.Stack())
			}
			if tt.is != nil && !errors.Is(p, tt.is) {
				t.Error("errors.Is does not find the value")
			}
			err := within(t, ended, "AfterComplete")
			if _, awaited := f.Await(context.Background()); awaited != err || err != error(p) || f.State() != Panicked {
				t.Errorf("Await: %v, AfterComplete: %v, state %v", awaited, err, f.State())
			}
			atRest(t, e)
		})
	}
}

func TestE6_HooksRunInOrderAndTheirPanicsAreContained(t *testing.T) {
	var mu sync.Mutex
	var log []string
	add := func(s string) {
		mu.Lock()
		defer mu.Unlock()
		log = append(log, s)
	}
	e := started(t, Config{Workers: 1, OnHookPanic: func(p *PanicError) { add(p.Error()); panic("and again") }})
	done := make(chan struct{})
	f := Spawn(e, FutureSpec{
		Name:          "f",
		BeforeStart:   func(name string) { add("before " + name); panic("one") },
		AfterPanic:    func(name string, p *PanicError) { add("after " + p.Error()); panic("two") },
		AfterComplete: func(name string, err error) { add(fmt.Sprint("complete ", err)); close(done); panic("three") },
	}, func(context.Context) (int, error) { add("run"); panic("boom") })
	<-done
	atRest(t, e)
	mu.Lock()
	defer mu.Unlock()
	got := strings.Join(log, "; ")
	want := "before f; panic: one; run; after panic: boom; panic: two; complete panic: boom; panic: three"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if n := e.Stats().HookPanics; n != 6 {
		t.Errorf("%d panics counted, want 6", n)
	}
	if f.State() != Panicked {
		t.Errorf("state %v", f.State())
	}
}

func TestE6_CancelBeforeStartMeansNever(t *testing.T) {
	e, err := New(Config{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	completed := 0
	f := Spawn(e, FutureSpec{AfterComplete: func(string, error) { completed++ }},
		func(context.Context) (int, error) { t.Error("ran"); return 0, nil })
	if f.State() != Queued {
		t.Errorf("state %v", f.State())
	}
	f.Cancel()
	f.Cancel()
	if _, err := f.Await(context.Background()); !errors.Is(err, context.Canceled) || f.State() != Cancelled {
		t.Errorf("Await: %v, state %v", err, f.State())
	}
	e.Start()
	done := make(chan struct{})
	e.Submit(task(func(*Worker) { close(done) })) // behind the cancelled one
	within(t, done, "the task behind")
	if err := e.Close(context.Background()); err != nil || completed != 1 {
		t.Errorf("%v, completed %d times", err, completed)
	}
}

func TestE6_CancelOfARunningOneEndsItsContext(t *testing.T) {
	e := started(t, Config{Workers: 1})
	up := make(chan struct{})
	f := Spawn(e, FutureSpec{}, func(ctx context.Context) (int, error) {
		close(up)
		<-ctx.Done()
		return 0, ctx.Err()
	})
	within(t, up, "the start")
	if f.State() != Running {
		t.Errorf("state %v", f.State())
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := f.Await(ctx); err != context.Canceled || f.State() != Running {
		t.Errorf("an awaiter that gave up: %v, state %v", err, f.State())
	}
	f.Cancel()
	if _, err := f.Await(context.Background()); !errors.Is(err, context.Canceled) || f.State() != Cancelled {
		t.Errorf("Await: %v, state %v", err, f.State())
	}
	atRest(t, e)
}

func TestE6_DroppingTheHandleCancelsNothing(t *testing.T) {
	e := started(t, Config{Workers: 1})
	done := make(chan error, 1)
	Spawn(e, FutureSpec{}, func(ctx context.Context) (int, error) {
		runtime.GC()
		runtime.GC()
		done <- ctx.Err()
		return 0, nil
	})
	if err := within(t, done, "the future nobody holds"); err != nil {
		t.Error(err)
	}
	atRest(t, e)
}

func TestE6_ParentContextReachesTheFunction(t *testing.T) {
	e := started(t, Config{Workers: 1})
	type key struct{}
	parent, cancel := context.WithCancel(context.WithValue(context.Background(), key{}, "v"))
	defer cancel()
	f := Spawn(e, FutureSpec{Context: parent}, func(ctx context.Context) (any, error) {
		cancel()
		<-ctx.Done()
		return ctx.Value(key{}), nil
	})
	if v, err := f.Await(context.Background()); v != "v" || err != nil {
		t.Errorf("%v, %v", v, err)
	}
}

func TestE6_CloseEndsAllFutures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, err := New(Config{Workers: 1, MaxBlocked: 1})
		if err != nil {
			t.Fatal(err)
		}
		e.Start()
		wait := func(ctx context.Context) (int, error) { <-ctx.Done(); return 0, context.Cause(ctx) }
		var fs []*Future[int]
		for range 5 {
			fs = append(fs, Spawn(e, FutureSpec{}, wait))
		}
		time.Sleep(time.Second)
		if err := e.Close(context.Background()); err != nil {
			t.Error(err)
		}
		fs = append(fs, Spawn(e, FutureSpec{}, wait))
		for i, f := range fs {
			if _, err := f.Await(context.Background()); !errors.Is(err, ErrClosed) || f.State() != Failed {
				t.Errorf("future %d: %v, state %v", i, err, f.State())
			}
		}
		if n := e.Stats().Futures; n != 0 {
			t.Errorf("%d futures left", n)
		}
	})
}

func TestE6_ManyAwaitersFromInsideAndOutside(t *testing.T) {
	e := started(t, Config{Workers: 2})
	outer := Spawn(e, FutureSpec{}, func(ctx context.Context) (int, error) {
		sum := 0
		for i := range 10 {
			v, err := Spawn(e, FutureSpec{}, func(context.Context) (int, error) { return i, nil }).Await(ctx)
			if err != nil {
				return 0, err
			}
			sum += v
		}
		return sum, nil
	})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if v, err := outer.Await(context.Background()); v != 45 || err != nil {
				t.Errorf("%d, %v", v, err)
			}
		})
	}
	all.Wait()
	atRest(t, e)
}
