package fort_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bastion-go/bastion/fort"
)

// gone waits until nobody holds standard output any more: guard, wards, and what they
// have started.
func (r *rig) gone() {
	r.t.Helper()
	limit := time.NewTimer(guardTime)
	defer limit.Stop()
	for {
		select {
		case _, more := <-r.lines:
			if !more {
				return
			}
		case <-limit.C:
			r.t.Fatal("somebody has outlived the guard")
		}
	}
}

// order sends one and waits for nothing.
func (r *rig) order(what string) {
	r.t.Helper()
	conn, err := net.Dial(r.net, r.addr)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { conn.Close() })
	if _, err := fmt.Fprintln(conn, what); err != nil {
		r.t.Error(err)
	}
}

func TestF3_TheGuardMayDieAtAnyMoment(t *testing.T) {
	t.Parallel()
	for name, moment := range map[string]func(r *rig){
		"before anybody serves":   func(*rig) {},
		"while it starts one":     func(r *rig) { _, pid := r.serving(); _ = syscall.Kill(pid, syscall.SIGKILL) },
		"while one dies loudly":   func(r *rig) { r.serving(); r.order("panic") },
		"in an upgrade":           func(r *rig) { r.serving(); r.signal(syscall.SIGUSR2) },
		"after an upgrade":        func(r *rig) { r.serving(); r.signal(syscall.SIGUSR2); r.serving() },
		"while it stops":          func(r *rig) { r.serving(); r.signal(syscall.SIGTERM) },
		"with a suspended ward":   func(r *rig) { _, pid := r.serving(); suspend(r.t, pid) },
		"suspended, its ward not": func(r *rig) { r.serving(); suspend(r.t, r.cmd.Process.Pid) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := begin(t, "upgrade")
			moment(r)
			r.signal(syscall.SIGKILL)
			r.gone()
		})
	}
}

// A guard that was itself suspended for longer than any heartbeat blames nobody for it.
func TestF1_ASuspendedGuardBlamesNobody(t *testing.T) {
	t.Parallel()
	r := begin(t, "watched")
	_, pid := r.serving()
	guard := r.cmd.Process.Pid
	suspend(t, guard)
	timer := time.NewTimer(7 * time.Second) // three heartbeats
	<-timer.C
	r.signal(syscall.SIGCONT)
	_ = r.must("who")
	next := time.NewTimer(3 * time.Second) // in which it would ask, and kill
	<-next.C
	if who := r.must("who"); who != "1 "+itoa(pid) {
		t.Errorf("%q serves: the healthy ward was killed:\n%s", who, r.stderr())
	}
}

func TestF1_AWardThatClosesWhatItInheritedIsReplaced(t *testing.T) {
	t.Parallel()
	r := begin(t, "patient")
	r.serving()
	if answer := r.must("closefds"); answer != "closed" {
		t.Error(answer)
	}
	if n, _ := r.serving(); n != 2 {
		t.Errorf("incarnation %d", n)
	}
	if c := r.last(); c.Kind != fort.Hang {
		t.Errorf("reported as %v", &c)
	}
}

func TestF1_AWardThatHasUsedUpItsFilesIsReported(t *testing.T) {
	t.Parallel()
	r := begin(t, "server")
	r.serving()
	_, _ = r.ask("files")
	if n, _ := r.serving(); n != 2 {
		t.Errorf("incarnation %d", n)
	}
	if c := r.last(); c.Kind != fort.Exit || !strings.Contains(c.Reason, "too many open files") {
		t.Errorf("reported as %v", &c)
	}
}

// What has left the process group gets away; it must not keep the next ward waiting.
func TestF1_ADaemonDelaysNobody(t *testing.T) {
	t.Parallel()
	r := begin(t, "server")
	_, pid := r.serving()
	daemon := r.must("daemon")
	_ = syscall.Kill(pid, syscall.SIGKILL)
	if n, _ := r.serving(); n != 2 {
		t.Errorf("incarnation %d", n)
	}
	for _, word := range strings.Fields(daemon) {
		if p, err := os.FindProcess(atoi(t, word)); err == nil {
			_ = p.Kill()
		}
	}
}

func TestF2_TwoFortsOnOneUnixSocket(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s")
	first := begin(t, "server", netVar+"=unix", addrVar+"="+path)
	first.net = "unix"
	_, pid := first.serving()
	second := begin(t, "once", netVar+"=unix", addrVar+"="+path)
	if code := second.status(); code != 1 {
		t.Errorf("the second ended with %d", code)
	}
	if text := second.stderr(); !strings.Contains(text, path+" is in use by ") {
		t.Errorf("the second says not who has it:\n%s", text)
	}
	if who := first.must("who"); who != "1 "+itoa(pid) {
		t.Errorf("the first is %q", who)
	}
	first.signal(syscall.SIGKILL) // leaves the file behind
	first.gone()
	third := begin(t, "server", netVar+"=unix", addrVar+"="+path)
	third.net = "unix"
	third.serving()
	_ = third.must("who")
	third.signal(syscall.SIGTERM)
	if code := third.status(); code != 0 {
		t.Errorf("the third ended with %d", code)
	}
	if _, err := os.Lstat(path); err == nil {
		t.Error("the file is left")
	}
}

// A report that does not fit on the disk costs the file, not the restart.
func TestF1_ADiskThatIsFullCostsOnlyTheFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := syscall.Mount("none", dir, "tmpfs", 0, "size=4k"); err != nil {
		t.Skip("no small disk can be mounted here:", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	if err := os.WriteFile(filepath.Join(dir, "filler"), make([]byte, 1<<20), 0o600); err == nil {
		t.Fatal("a megabyte fits into four kilobytes")
	}
	r := begin(t, "server", crashVar+"="+dir)
	r.serving()
	for want := 2; want <= 4; want++ {
		_, _ = r.ask("map")
		if n, _ := r.serving(); n != want {
			t.Errorf("incarnation %d, want %d", n, want)
		}
		if c := r.last(); c.Kind != fort.Fatal || c.File != "" {
			t.Errorf("reported as %v, file %q", &c, c.File)
		}
	}
	if n := strings.Count(r.stderr(), "CrashDir cannot be written to"); n != 1 {
		t.Errorf("said %d times", n)
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("half a report is left: %v", left)
	}
}

func atoi(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
