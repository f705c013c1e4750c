//go:build unix

package fort_test

import (
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

// install puts a copy of this test binary, or a script, at path, as an installer
// would: complete, and by a rename.
func install(t *testing.T, path, script string) {
	t.Helper()
	next := path + ".new"
	to, err := os.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if script != "" {
		_, err = io.WriteString(to, script)
	} else {
		exe, e := os.Executable()
		if e != nil {
			t.Fatal(e)
		}
		from, e := os.Open(exe)
		if e != nil {
			t.Fatal(e)
		}
		defer from.Close()
		_, err = io.Copy(to, from)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(next, path); err != nil {
		t.Fatal(err)
	}
}

func TestF2_UpgradeUnderLoad(t *testing.T) {
	t.Parallel()
	r := begin(t, "upgrade")
	_, _ = r.serving()
	var stop atomic.Bool
	var asking sync.WaitGroup
	for range 4 {
		asking.Go(func() {
			for !stop.Load() {
				if _, err := r.ask("who"); err != nil {
					t.Errorf("a request failed: %v", err)
					return
				}
			}
		})
	}
	for i := range 10 {
		if i%2 == 0 {
			r.signal(syscall.SIGUSR2)
		} else if answer := r.must("upgrade"); answer != "upgraded: <nil>" {
			t.Error(answer)
		}
		r.expect("stopping " + itoa(i+1) + " fort: a new version has taken over")
	}
	stop.Store(true)
	asking.Wait()
	if who := strings.Fields(r.must("who")); who[0] != "11" {
		t.Errorf("after 10 upgrades this is incarnation %s", who[0])
	}
	if r.must("last") != "none" {
		t.Error("an upgrade has left a crash report")
	}
}

func TestF2_AnUpgradeThatFailsChangesNothing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, script, mode, want string }{
		{name: "a new version that ends at once", script: "#!/bin/sh\nexit 9\n", want: "exit status 9"},
		{name: "a new version that is no program", script: "\x7fELF, but not really", want: "could not be started"},
		{name: "a new version that is never ready", mode: "unready", want: "did not serve within its start timeout"},
		{name: "a new version that hangs", script: "#!/bin/sh\nexec sleep 3600\n", mode: "unready", want: "did not serve within its start timeout"},
		{name: "a new version that is not there", script: "gone", want: "no such file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path, mode := filepath.Join(dir, "program"), filepath.Join(dir, "mode")
			install(t, path, "")
			role := "upgrade"
			if strings.Contains(c.want, "timeout") {
				role = "impatient"
			}
			r := beginAs(t, path, role, modeVar+"="+mode)
			_, pid := r.serving()
			install(t, path, c.script)
			if c.script == "gone" {
				os.Remove(path)
			}
			if err := os.WriteFile(mode, []byte(c.mode), 0o600); err != nil {
				t.Fatal(err)
			}
			if answer := r.must("upgrade"); !strings.Contains(answer, "not upgraded") || !strings.Contains(answer, c.want) {
				t.Errorf("the answer is %q", answer)
			}
			if who := r.must("who"); who != "1 "+itoa(pid) {
				t.Errorf("now %q serves instead of 1 %d", who, pid)
			}
			// A crash is answered with the version that ran, not with the one on disk.
			if runtime.GOOS == "linux" && c.mode == "" {
				_ = syscall.Kill(pid, syscall.SIGKILL)
				_, pid = r.serving()
				if comm, _ := os.ReadFile("/proc/" + itoa(pid) + "/comm"); string(comm) != "program\n" {
					t.Errorf("it is called %q", comm)
				}
			}
			if err := os.Remove(mode); err != nil {
				t.Fatal(err)
			}
			install(t, path, "") // and the next one succeeds
			if answer := r.must("upgrade"); answer != "upgraded: <nil>" {
				t.Error(answer)
			}
			r.expect("stopping ")
		})
	}
}
