package fort_test

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// field reads a line of a process's status, in KiB.
func field(t *testing.T, pid int, name string) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, is := strings.CutPrefix(line, name+":"); is {
			n, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatalf("process %d has no %s", pid, name)
	return 0
}

func TestF3_TheGuardIsSmall(t *testing.T) {
	t.Parallel()
	empty := begin(t, "empty")
	empty.expect("waiting")
	r := begin(t, "server")
	_, pid := r.serving()
	for range 20 {
		_ = syscall.Kill(pid, syscall.SIGKILL)
		_, pid = r.serving()
	}
	guard, plain := field(t, r.cmd.Process.Pid, "VmRSS"), field(t, empty.cmd.Process.Pid, "VmRSS")
	t.Logf("the guard has %d KiB resident, an empty main of the same binary %d", guard, plain)
	if raceEnabled {
		t.Skip("the race detector's own memory is no measure")
	}
	if guard > plain+12<<10 {
		t.Errorf("the guard has %d KiB more than an empty main", guard-plain)
	}
}

// As process 1 of a container the guard gets the orphans of others for children.
func TestF3_Process1WaitsForOrphans(t *testing.T) {
	t.Parallel()
	r := beginWith(t, "orphans", func(c *exec.Cmd) {
		c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID}
		if os.Getuid() != 0 {
			c.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		}
	})
	if r == nil {
		t.Skip("no name space for processes can be made here")
	}
	// The ward makes orphans, kills them, and sees them go.
	r.expect("reaped 20 orphans")
	r.signal(syscall.SIGTERM)
	if code := r.status(); code != 0 {
		t.Errorf("status %d", code)
	}
}

// The guard takes over what systemd has opened, and so every incarnation has it.
func TestF2_SocketsOfSystemd(t *testing.T) {
	t.Parallel()
	r := beginWith(t, "given", func(c *exec.Cmd) {
		l, err := listenAny()
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		f, err := l.File()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		c.ExtraFiles = []*os.File{f}
		c.Env = append(c.Env, "LISTEN_FDS=1", "LISTEN_FDNAMES=web", addrVar+"="+l.Addr().String())
		// Only the process itself knows its number.
		c.Args = append([]string{"sh", "-c", `LISTEN_PID=$$ exec "$0"`}, c.Path)
		if c.Path, err = exec.LookPath("sh"); err != nil {
			t.Fatal(err)
		}
	})
	for want := 1; want <= 3; want++ {
		incarnation, pid := r.serving()
		if incarnation != want {
			t.Errorf("incarnation %d, want %d", incarnation, want)
		}
		if who := r.must("who"); who != itoa(want)+" "+itoa(pid) {
			t.Errorf("%q serves", who)
		}
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}
