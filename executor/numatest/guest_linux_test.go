package numatest

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/bastion-go/bastion/executor"
)

const (
	voice           = "NUMATEST " // begins what the guest says to the host
	machineArgument = "numatest.machine="
	onlyArgument    = "numatest.only=" // the name of the only check to make; empty: all
	// limit bounds one check; a hang costs the check, and the machine with it.
	limit = 3 * time.Minute
)

// check is one thing to be seen in a machine.
type check struct {
	name string
	run  func(g *guest)
}

// guest is what a check has to do with: the machine it is on, and a way to complain.
type guest struct {
	*machine
	check  string
	failed atomic.Bool
}

func (g *guest) errorf(format string, args ...any) {
	g.failed.Store(true)
	say("fail", g.check+": "+fmt.Sprintf(format, args...))
}

func (g *guest) logf(format string, args ...any) {
	say("log", g.check+": "+fmt.Sprintf(format, args...))
}

// say tells the host something, in one line.
func say(word, what string) {
	fmt.Printf("\n%s%s %s\n", voice, word, strings.ReplaceAll(what, "\n", " | "))
}

// runGuest is the life of a machine's only program. It does not return.
func runGuest() {
	say("log", "booted")
	for _, dir := range []string{"proc", "sys"} {
		kind := map[string]string{"proc": "proc", "sys": "sysfs"}[dir]
		if err := unix.Mount(kind, "/"+dir, kind, 0, ""); err != nil {
			say("fail", "mount "+dir+": "+err.Error())
		}
	}
	line, err := os.ReadFile("/proc/cmdline")
	name, only := argument(string(line), machineArgument), argument(string(line), onlyArgument)
	i := slices.IndexFunc(machines, func(m machine) bool { return m.name == name })
	if err != nil || i < 0 {
		say("fail", fmt.Sprintf("no machine %q: %v", name, err))
	} else {
		for _, c := range checks {
			if only != "" && only != c.name {
				say("pass", c.name+" was not asked for")
			} else if !(&guest{machine: &machines[i], check: c.name}).look(c) {
				break
			}
		}
	}
	say("done", "")
	unix.Sync()
	_ = unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
	select {} // the host stops it
}

// argument returns a word of the kernel's command line without its prefix.
func argument(line, prefix string) string {
	_, word, _ := strings.Cut(line, prefix)
	word, _, _ = strings.Cut(word, " ")
	return strings.TrimSpace(word)
}

// look runs one check. False: it hangs, and so there is no telling what others would mean.
func (g *guest) look(c check) (goOn bool) {
	began := time.Now()
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if r := recover(); r != nil {
				g.errorf("panic: %v\n%s", r, debug.Stack())
			}
		}()
		c.run(g)
	}()
	select {
	case <-done:
	case <-time.After(limit):
		stacks := make([]byte, 1<<16)
		g.errorf("it hangs\n%s", stacks[:runtime.Stack(stacks, true)])
		return false
	}
	if !g.failed.Load() {
		say("pass", fmt.Sprintf("%s %v", c.name, time.Since(began).Round(time.Millisecond)))
	}
	return true
}

// started returns a running executor, and what closes it.
func (g *guest) started(c executor.Config) (e *executor.Executor, end func()) {
	e, err := executor.New(c)
	if err != nil {
		panic(err)
	}
	e.Start()
	return e, func() {
		for e.Close(context.Background()) != nil {
			runtime.Gosched() // a slice that has ended may look blocked while its CPU stands still
		}
	}
}

// cpu returns where the calling thread is.
func cpu() int {
	var n uint32
	if _, _, errno := unix.RawSyscall(unix.SYS_GETCPU, uintptr(unsafe.Pointer(&n)), 0, 0); errno != 0 {
		panic(errno)
	}
	return int(n)
}

// used returns how much CPU this program has had.
func used() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		panic(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
