//go:build unix

package demo

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestMain lets the test binary be the program in the fort as well.
func TestMain(m *testing.M) {
	if len(os.Args) == 5 && os.Args[1] == "guard" {
		shards, _ := strconv.Atoi(os.Args[3])
		GuardMain(os.Args[2], shards, os.Args[4])
	}
	os.Exit(m.Run())
}

// deadly is a run that ends when the program has died so often.
func deadly(t *testing.T, times int) (FortOptions, FortView) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	quit := make(chan struct{})
	var once sync.Once
	return FortOptions{
			Options: Options{Listen: "127.0.0.1:0", Shards: 4, Clients: 4, Seed: 1, Quit: quit},
			Deaths:  20, Guard: []string{self, "guard"},
		}, watching(func(s FortSnapshot) {
			if s.Died >= times {
				once.Do(func() { close(quit) })
			}
		})
}

type watching func(FortSnapshot)

func (f watching) ShowFort(s FortSnapshot) { f(s) }
func (f watching) Close()                  {}

func TestTheProgramSurvivesEveryDeath(t *testing.T) {
	o, view := deadly(t, len(deaths))
	report, err := RunFort(t.Context(), o, view)
	if err != nil {
		t.Fatal(err)
	}
	if !report.Passed || report.Wrong > 0 || report.Unconnected > 0 || report.Others != 0 {
		t.Errorf("%+v", report)
	}
	seen := map[string]bool{}
	for _, d := range report.Deaths {
		seen[d.What] = true
	}
	if len(seen) != len(deaths) || report.Deaths[0].What != "concurrent map write" {
		t.Errorf("deaths: %v", report.Deaths)
	}
	if report.Incarnations != len(report.Deaths)+1 || report.Answered == 0 || !report.Stopped.Balanced {
		t.Errorf("%+v", report)
	}
	if want := uint64(o.Clients * keysPerClient); report.ReadBack != want {
		t.Errorf("%d keys read back of %d", report.ReadBack, want)
	}
	var text bytes.Buffer
	report.Print(&text)
	for _, want := range []string{"1 concurrent map write, reported as", "under one guard", "PASS: the program died "} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, &text)
		}
	}
}

// Somebody in the audience kills the program: it is counted, and nothing is wrong.
func TestADeathByAnotherHand(t *testing.T) {
	o, _ := deadly(t, 0)
	o.Deaths = 0
	quit := make(chan struct{})
	o.Quit = quit
	var first, second sync.Once
	report, err := RunFort(t.Context(), o, watching(func(s FortSnapshot) {
		if s.Incarnation == 1 {
			first.Do(func() { _ = syscall.Kill(s.Ward, syscall.SIGKILL) })
		} else {
			second.Do(func() { close(quit) })
		}
	}))
	if err != nil || !report.Passed || report.Others != 1 || len(report.Deaths) != 0 {
		t.Errorf("%v, %+v", err, report)
	}
}

func TestAGuardThatIsGoneIsAFault(t *testing.T) {
	o, _ := deadly(t, 0)
	o.Deaths = 0
	var once sync.Once
	report, err := RunFort(t.Context(), o, watching(func(s FortSnapshot) {
		once.Do(func() { _ = syscall.Kill(s.Guard, syscall.SIGKILL) })
	}))
	if err != nil || report.Passed || !strings.Contains(strings.Join(report.Faults, "\n"), "the fort has ended by itself") {
		t.Errorf("%v, %q", err, report.Faults)
	}
}

func TestTheFortEndsAtOnceWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	o, _ := deadly(t, 0)
	guard := 0
	_, err := RunFort(ctx, o, watching(func(s FortSnapshot) { guard = s.Guard; cancel() }))
	if !errors.Is(err, ErrKilled) {
		t.Errorf("%v", err)
	}
	if err := syscall.Kill(guard, 0); guard != 0 && err == nil {
		t.Error("the guard is still there")
	}
}

// A demo that is killed leaves nothing running: its guard finds standard input at an end.
func TestTheFortEndsWithItsDemo(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	guard := exec.Command(self, "guard", "127.0.0.1:0", "1", t.TempDir())
	orders, err := guard.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	bulletins, err := guard.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := guard.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(bulletins).ReadString('\n'); err != nil {
		t.Errorf("%q, %v", line, err)
	}
	bulletins.Close()
	orders.Close()
	if err := guard.Wait(); err != nil {
		t.Error(err)
	}
}

func TestAFortThatCannotBe(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	o, _ := deadly(t, 0)
	o.Listen = taken.Addr().String()
	if _, err := RunFort(t.Context(), o, Hidden{}); !errors.Is(err, ErrListen) {
		t.Errorf("%v", err)
	}
	o, _ = deadly(t, 0)
	o.Guard = []string{"/no/such/program"}
	if _, err := RunFort(t.Context(), o, Hidden{}); err == nil {
		t.Error("no error without a program")
	}
	o.Guard = []string{"/bin/sh", "-c", "echo not today >&2"}
	if _, err := RunFort(t.Context(), o, Hidden{}); err == nil || !strings.Contains(err.Error(), "not today") {
		t.Errorf("%v", err)
	}
}

func TestFortPicture(t *testing.T) {
	s := FortSnapshot{
		Address: "127.0.0.1:4000", Clients: 4, Seed: 42, Deaths: 0.5, Phase: "serving", Elapsed: 2100 * time.Millisecond, For: 20 * time.Second,
		Guard: 100, Ward: 102, Incarnation: 2, Died: 1, RequestRate: 41234, P50: 310 * time.Microsecond, P99: 2 * time.Millisecond,
		Connects: 8, Lost: 30, Cut: 4,
		Recent: []string{"   1.0 s  INJECTED into incarnation 1: concurrent map write", "   1.1 s  incarnation 2 serves, process 102"},
	}
	golden(t, "fort-screen.golden", fortPicture(s, 100, 20)+"\n")
	golden(t, "fort-screen-small.golden", fortPicture(s, 40, 13)+"\n")
}
