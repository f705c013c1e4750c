package bastion

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"
)

// See timer.
func TestTimerLine(t *testing.T) {
	if size := unsafe.Sizeof(timer{}); size > 64 {
		t.Errorf("a timer is %d bytes long, more than a cache line", size)
	}
}

// A clock on the wall that is stepped, while time itself goes on.
func TestT1_WallClockIsStepped(t *testing.T) {
	for name, c := range map[string]struct{ step, least, most time.Duration }{
		"not at all": {0, 10 * time.Minute, 10 * time.Minute},
		"back":       {-5 * time.Minute, 15 * time.Minute, 15 * time.Minute},
		"forward":    {5 * time.Minute, 5 * time.Minute, 6 * time.Minute},
		"past it":    {time.Hour, time.Second, 61 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sys, err := New(Config{Logger: slog.New(slog.DiscardHandler)})
				if err != nil {
					t.Fatal(err)
				}
				var came atomic.Int64
				start := time.Now()
				sup, err := sys.Supervise(SupervisorSpec{Name: "sup", Children: []ChildSpec{{Name: "a", Start: Handle(func() Receiver {
					return ReceiverFunc(func(*Context, any) error { came.Store(int64(time.Since(start))); return nil })
				})}}})
				if err != nil {
					t.Fatal(err)
				}
				var step atomic.Int64
				for _, w := range sys.clockworks {
					w.wall = func() time.Time { return time.Now().Round(0).Add(time.Duration(step.Load())) }
				}
				if err := sys.Start(context.Background()); err != nil {
					t.Fatal(err)
				}
				if _, err := sys.SetTimer(TimerSpec{To: sup.Child("a"), Message: "at", At: start.Add(10 * time.Minute)}); err != nil {
					t.Fatal(err)
				}
				<-time.After(time.Second)
				step.Store(int64(c.step))
				<-time.After(20 * time.Minute)
				if err := sys.Stop(context.Background()); err != nil {
					t.Fatal(err)
				}
				if d := time.Duration(came.Load()); d < c.least || d > c.most {
					t.Errorf("it came after %v, want between %v and %v", d, c.least, c.most)
				}
			})
		})
	}
}
