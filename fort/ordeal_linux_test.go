package fort_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/bastion-go/bastion/fort"
)

// The ordeal is the fort's reliability figure: crashes of every kind, one after the
// other, under constant load over real sockets. By default it is short; the gate and
// `make ordeal` ask for more.

// ordealVar says how many crashes, and upgrades.
const ordealVar = "BASTION_ORDEAL"

func ordeal(t *testing.T, short int) int {
	text := os.Getenv(ordealVar)
	if text == "" {
		return short
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < short {
		t.Fatalf("%s=%q is not a number from %d", ordealVar, text, short)
	}
	return n
}

// A death is one way to end a ward: an order that it gets, or a signal.
type death struct {
	order  string
	signal syscall.Signal
	kind   fort.Kind
}

var swift = []death{
	{order: "panic", kind: fort.Panic},
	{signal: syscall.SIGKILL, kind: fort.Signal},
	{order: "map", kind: fort.Fatal},
	{order: "exit 3", kind: fort.Exit},
	{order: "stack", kind: fort.Fatal},
	{order: "fail over and out", kind: fort.Exit},
	{order: "oom", kind: fort.OutOfMemory},
	{order: "nil", kind: fort.Panic},
	{signal: syscall.SIGABRT, kind: fort.Signal},
	{signal: syscall.SIGSEGV, kind: fort.Signal},
}

// possible leaves out what ends otherwise under the race detector: where no memory is left it is often the detector
// itself that finds none first, says so in its own words, and exits with its own status.
func possible(deaths []death) []death {
	if !raceEnabled {
		return deaths
	}
	return slices.DeleteFunc(slices.Clone(deaths), func(d death) bool { return d.kind == fort.OutOfMemory })
}

func TestF1_ThousandsOfCrashesUnderLoad(t *testing.T) {
	t.Parallel()
	n := ordeal(t, 60)
	// The guard looks at a ward's memory once a second, and takes three heartbeats to
	// believe in a hang: of these there are fewer, in forts of their own.
	slow := max(n/200, 2)
	for _, squad := range []struct {
		role   string
		deaths []death
		n      int
	}{
		{role: "server", deaths: possible(swift), n: n - 3*slow},
		{role: "memory", deaths: []death{{order: "grow", kind: fort.SoftMemory}}, n: slow},
		{role: "greedy", deaths: []death{{order: "burst", kind: fort.HardMemory}}, n: slow},
		{role: "patient", deaths: []death{{order: "deadlock", kind: fort.Hang}, {signal: syscall.SIGSTOP, kind: fort.Hang}}, n: slow},
	} {
		t.Run(squad.role, func(t *testing.T) {
			t.Parallel()
			endure(t, begin(t, squad.role, crashVar+"="+t.TempDir()), squad.deaths, squad.n)
		})
	}
}

// endure has a ward die n times, and looks for whatever a crash may leave behind.
func endure(t *testing.T, r *rig, deaths []death, n int) {
	incarnation, pid := r.serving()
	stop := r.load(4, func(error) {}) // who has connected may be cut off
	guard := r.cmd.Process.Pid
	_ = r.must("who")
	var files []string
	var memory []int
	injected := map[string]int{}
	for i := range n {
		d := deaths[i%len(deaths)]
		if answered := r.inflict(d, pid); answered != "" {
			t.Fatalf("crash %d, %v: it answered %q", i, d, answered)
		}
		injected[string(d.kind)]++
		was := incarnation
		if incarnation, pid = r.serving(); incarnation != was+1 {
			t.Fatalf("crash %d, %v: incarnation %d follows %d", i, d, incarnation, was)
		}
		if c := r.last(); c.Kind != d.kind || c.Incarnation != was {
			t.Errorf("crash %d, %v: reported as %v", i, d, &c)
		}
		if i == min(len(deaths), n)-1 {
			files = openFiles(t, guard)
		}
		memory = append(memory, field(t, guard, "VmRSS"))
	}
	if served := stop(); served == 0 {
		t.Error("not one request was answered")
	} else {
		t.Logf("%d crashes, %d requests answered", n, served)
	}
	until(t, "the guard has only the files it had", func() bool { return slices.Equal(openFiles(t, guard), files) })
	until(t, "the guard has one child and no zombie", func() bool { return slices.Equal(children(t, guard), []string{itoa(pid) + " alive"}) })
	if reported := r.reported(); !maps.Equal(reported, injected) {
		t.Errorf("reported are %v, injected were %v", reported, injected)
	}
	compare(t, memory)
}

// inflict has the ward die. What it says instead of dying is the answer.
func (r *rig) inflict(d death, pid int) (answer string) {
	r.t.Helper()
	if d.signal == 0 {
		answer, _ = r.ask(d.order)
		return answer
	}
	if err := syscall.Kill(pid, d.signal); err != nil {
		r.t.Fatal(err)
	}
	return ""
}

// load asks all the time, over a new connection each. A refused one is an error of
// the test, one that is cut off goes to failed. stop returns how many were answered.
func (r *rig) load(clients int, failed func(error)) (stop func() int) {
	var asking sync.WaitGroup
	done := make(chan struct{})
	var mu sync.Mutex
	served := 0
	for range clients {
		asking.Go(func() {
			pace := time.NewTicker(2 * time.Millisecond)
			defer pace.Stop()
			for {
				select {
				case <-done:
					return
				case <-pace.C:
				}
				if _, err := r.ask("who"); err != nil {
					failed(err)
					continue
				}
				mu.Lock()
				served++
				mu.Unlock()
			}
		})
	}
	return func() int {
		close(done)
		asking.Wait()
		return served
	}
}

var crashLine = regexp.MustCompile(`(?m)^time=.* msg="fort: crash" .*crash\.kind=("[^"]*"|\S+)`)

// reported counts the guard's reports by kind.
func (r *rig) reported() map[string]int {
	counts := map[string]int{}
	for _, m := range crashLine.FindAllStringSubmatch(r.stderr(), -1) {
		counts[strings.Trim(m[1], `"`)]++
	}
	return counts
}

// openFiles is what a process has open, each by what it is.
func openFiles(t *testing.T, pid int) []string {
	t.Helper()
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		what, _ := os.Readlink(filepath.Join(dir, e.Name()))
		what, _, _ = strings.Cut(what, ":[") // of a pipe or a socket the number differs
		all = append(all, what)
	}
	slices.Sort(all)
	return all
}

// children of a process, over all its threads.
func children(t *testing.T, pid int) []string {
	t.Helper()
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, list := range lists {
		text, _ := os.ReadFile(list) // a thread may have ended
		for _, child := range strings.Fields(string(text)) {
			switch s := state("/proc/" + child + "/stat"); s {
			case "Z", "X":
				child += " zombie"
			default:
				child += " alive"
			}
			all = append(all, child)
		}
	}
	return all
}

// compare wants the guard to be as big at the end as it was after a while: medians,
// because the collector runs when it likes.
func compare(t *testing.T, memory []int) {
	t.Helper()
	if len(memory) < 500 {
		return // it has not settled yet
	}
	part := len(memory) / 10
	middle := func(of []int) int {
		of = slices.Clone(of)
		slices.Sort(of)
		return of[len(of)/2]
	}
	first, last := middle(memory[part:2*part]), middle(memory[len(memory)-part:])
	t.Logf("the guard has %d KiB resident after a tenth of the crashes and %d KiB at the end", first, last)
	if raceEnabled {
		return // the race detector's own memory grows
	}
	// The guard starts a thread for each ward, and probably it is the Go runtime that keeps some sixty bytes of
	// one that has ended: in a thousand crashes that is nothing, in ten thousand it shows.
	kept := max(len(memory)-1000, 0) * 100 / 1024
	if last > first+first/20+kept {
		t.Errorf("the guard has grown from %d KiB to %d KiB", first, last)
	}
}

func TestF2_ManyUpgradesUnderLoad(t *testing.T) {
	t.Parallel()
	n := ordeal(t, 10)
	if n > 10 {
		n /= 10
	}
	r := begin(t, "upgrade")
	r.serving()
	stop := r.load(4, func(err error) { t.Errorf("a request failed: %v", err) })
	for i := range n {
		r.signal(syscall.SIGUSR2)
		r.expect("stopping " + itoa(i+1) + " fort: a new version has taken over")
	}
	t.Logf("%d upgrades, %d requests answered", n, stop())
	if n := len(r.reported()); n != 0 {
		t.Errorf("%d kinds of crash reported", n)
	}
	guard := r.cmd.Process.Pid
	until(t, "the guard has one child", func() bool { return len(children(t, guard)) == 1 })
}

func TestF3_AnIdleGuardDoesNothing(t *testing.T) {
	t.Parallel()
	r := begin(t, "server")
	r.serving()
	_ = r.must("who")
	guard := r.cmd.Process.Pid
	ticks, switches := work(t, guard)
	timer := time.NewTimer(5 * time.Second) // a window of measurement, no deadline
	<-timer.C
	moreTicks, moreSwitches := work(t, guard)
	t.Logf("in five seconds the guard used %d ticks and was switched to %d times", moreTicks-ticks, moreSwitches-switches)
	if moreTicks-ticks > 2 { // of 500: a heartbeat and a collection may fall into the window
		t.Errorf("an idle guard used %d hundredths of a second", moreTicks-ticks)
	}
}

// work is the processor time of a process, in ticks, and how often its threads were
// switched to by their own doing.
func work(t *testing.T, pid int) (ticks, switches int) {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	words := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	for _, w := range words[11:13] { // utime, stime
		n, err := strconv.Atoi(w)
		if err != nil {
			t.Fatal(err)
		}
		ticks += n
	}
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", pid))
	for _, task := range tasks {
		text, _ := os.ReadFile(filepath.Join(task, "status"))
		for line := range strings.Lines(string(text)) {
			if rest, is := strings.CutPrefix(line, "voluntary_ctxt_switches:"); is {
				n, _ := strconv.Atoi(strings.TrimSpace(rest))
				switches += n
			}
		}
	}
	return ticks, switches
}
