package osproc

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// newGroup makes a control group below our own, or below the folder in the variable,
// if this machine lets us.
func newGroup(t *testing.T, memory int64) *Cgroup {
	t.Helper()
	g, err := NewCgroup(os.Getenv("BASTION_TEST_CGROUP"), t.Name(), memory)
	if err != nil {
		t.Skipf("not permitted here: %v", err)
	}
	t.Cleanup(func() {
		if err := g.Remove(); err != nil {
			t.Error(err)
		}
	})
	return g
}

func TestF4_CgroupCatchesWhoLeavesTheGroup(t *testing.T) {
	s := helper("escape")
	s.Cgroup = newGroup(t, 0)
	p, out := begin(t, s)
	pid, err := strconv.Atoi(next(t, out))
	if err != nil {
		t.Fatal(err)
	}
	e := p.Exit()
	if !e.Success() || e.Stays != nil {
		t.Error(e, e.Stays)
	}
	awaitGone(t, pid)
	if _, err := os.Stat(s.Cgroup.Dir()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the control group is still there: %v", err)
	}
}

func TestF4_MemoryLimitKillsAllOfIt(t *testing.T) {
	s := helper("hog")
	s.Cgroup = newGroup(t, 64<<20)
	p, _ := begin(t, s)
	if e := p.Exit(); e.Signal != syscall.SIGKILL || !e.OutOfMemory {
		t.Error(e)
	}
}

// fakeParent is a folder that looks like a control group. What the kernel would make in it is missing.
func fakeParent(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestCgroupSaysWhatIsNotPermitted(t *testing.T) {
	for _, c := range []struct {
		files map[string]string
		text  string
	}{
		{nil, "no folder of cgroup version 2"},
		{map[string]string{"cgroup.subtree_control": "cpu", "cgroup.controllers": "cpu pids"}, "has no memory controller"},
		{map[string]string{"cgroup.subtree_control": "cpu memory"}, "memory.max"},
	} {
		dir := fakeParent(t, c.files)
		g, err := NewCgroup(dir, "x", 1<<20)
		if g != nil || err == nil || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%v: %v, want %s", c.files, err, c.text)
		}
		if left, _ := filepath.Glob(filepath.Join(dir, "bastion-*")); len(left) > 0 {
			t.Errorf("%v stays", left)
		}
	}
}

func TestOwnCgroupIsReadFromTheKernelsTables(t *testing.T) {
	for _, c := range []struct{ group, mounts, want string }{
		{"0::/a/b\n", "30 1 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup rw\n", "/sys/fs/cgroup/a/b"},
		{"4:memory:/x\n0::/\n", "31 1 0:27 / /sys/fs/cgroup/memory rw - cgroup c rw\n32 1 0:28 / /sys/fs/cgroup/unified rw shared:1 - cgroup2 c rw\n", "/sys/fs/cgroup/unified"},
		{"0::/docker/7/app\n", "30 1 0:26 /docker/7 /sys/fs/cgroup rw - cgroup2 cgroup rw\n", "/sys/fs/cgroup/app"},
		{"0::/docker/77\n", "30 1 0:26 /docker/7 /sys/fs/cgroup rw - cgroup2 cgroup rw\n", ""},
		{"4:memory:/x\n", "30 1 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup rw\n", ""},
		{"0::/a\n", "30 1 0:26 / /sys rw - sysfs s rw\n", ""},
	} {
		dir := t.TempDir()
		for name, text := range map[string]string{"cgroup": c.group, "mountinfo": c.mounts} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := ownCgroup(dir); got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%q %q: %q %v, want %q", c.group, c.mounts, got, err, c.want)
		}
	}
}
