package osproc

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// A Cgroup is a control group (version 2) for one process and all that come from
// it, also those that leave the process group. Whoever made it removes it, unless a
// process was started in it.
type Cgroup struct{ dir string }

// NewCgroup makes a group below parent, a folder of the cgroup file system that
// was delegated to this program; empty means below this program's own group. With
// a memory limit above 0, in bytes, the kernel kills the whole group at the limit.
// The error says what is not permitted, and by whom.
func NewCgroup(parent, name string, memory int64) (*Cgroup, error) {
	if parent == "" {
		var err error
		if parent, err = ownCgroup("/proc/self"); err != nil {
			return nil, err
		}
	}
	if memory > 0 {
		if err := enableMemory(parent); err != nil {
			return nil, err
		}
	}
	g := &Cgroup{filepath.Join(parent, "bastion-"+safe(name)+"-"+rand.Text()[:8])}
	if err := os.Mkdir(g.dir, 0o755); err != nil {
		return nil, fmt.Errorf("making a control group: %w", err)
	}
	if memory <= 0 {
		return g, nil
	}
	err := g.write("memory.max", strconv.FormatInt(memory, 10))
	if err == nil {
		err = g.write("memory.oom.group", "1")
	}
	if err == nil {
		// Without this a limit on a machine with swap only makes it slow.
		if err = g.write("memory.swap.max", "0"); errors.Is(err, fs.ErrNotExist) {
			err = nil // no swap here
		}
	}
	if err != nil {
		return nil, errors.Join(err, g.Remove())
	}
	return g, nil
}

// Dir is its folder.
func (g *Cgroup) Dir() string { return g.dir }

// Remove kills what is in the group and removes it. It waits for the kernel, two
// seconds at most.
func (g *Cgroup) Remove() error {
	_ = g.kill()
	end := time.Now().Add(killBound)
	for pause := firstLook; ; pause = min(2*pause, longestLook) {
		err := unix.Rmdir(g.dir)
		if err == nil || errors.Is(err, unix.ENOENT) {
			return nil
		}
		if !errors.Is(err, unix.EBUSY) && !errors.Is(err, unix.EINTR) || time.Now().After(end) {
			return fmt.Errorf("removing control group %s: %w", g.dir, err)
		}
		time.Sleep(pause)
	}
}

// kill sends SIGKILL to all that is in the group (Linux 5.14).
func (g *Cgroup) kill() error { return g.write("cgroup.kill", "1") }

// outOfMemory reports whether the kernel killed something of it for its limit.
func (g *Cgroup) outOfMemory() bool {
	events, err := os.ReadFile(filepath.Join(g.dir, "memory.events"))
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(events)) {
		if n, ok := strings.CutPrefix(strings.TrimSpace(line), "oom_kill "); ok {
			return n != "0"
		}
	}
	return false
}

// write never creates a file: in a folder that is no cgroup it has to fail.
func (g *Cgroup) write(file, value string) error { return writeControl(g.dir, file, value) }

func writeControl(dir, file, value string) error {
	f, err := os.OpenFile(filepath.Join(dir, file), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(value)
	return errors.Join(err, f.Close())
}

// enableMemory makes sure that groups below parent can have a memory limit.
func enableMemory(parent string) error {
	has := func(file string) (bool, error) {
		text, err := os.ReadFile(filepath.Join(parent, file))
		if err != nil {
			return false, fmt.Errorf("%s is no folder of cgroup version 2: %w", parent, err)
		}
		for _, c := range strings.Fields(string(text)) {
			if c == "memory" {
				return true, nil
			}
		}
		return false, nil
	}
	if on, err := has("cgroup.subtree_control"); on || err != nil {
		return err
	}
	there, err := has("cgroup.controllers")
	if err != nil {
		return err
	}
	if !there {
		return fmt.Errorf("control group %s has no memory controller (not delegated, or the system uses version 1 for memory)", parent)
	}
	err = writeControl(parent, "cgroup.subtree_control", "+memory")
	switch {
	case errors.Is(err, unix.EBUSY):
		return fmt.Errorf("control group %s has processes of its own, so the kernel allows no limits below it: give a delegated one (systemd: Delegate=yes and DelegateSubgroup=)", parent)
	case err != nil:
		return fmt.Errorf("control group %s: enabling memory limits below it is not permitted: %w", parent, err)
	}
	return nil
}

// ownCgroup is the folder of this program's group of version 2.
func ownCgroup(proc string) (string, error) {
	group, err := os.ReadFile(filepath.Join(proc, "cgroup"))
	if err != nil {
		return "", fmt.Errorf("which control group this program is in: %w", err)
	}
	path, found := "", false
	for line := range strings.Lines(string(group)) {
		if p, ok := strings.CutPrefix(strings.TrimSpace(line), "0::"); ok {
			path, found = p, true
		}
	}
	mounts, err := os.Open(filepath.Join(proc, "mountinfo"))
	if err != nil {
		return "", fmt.Errorf("where control groups are mounted: %w", err)
	}
	defer mounts.Close()
	for scan := bufio.NewScanner(mounts); found && scan.Scan(); {
		// id parent device root mountpoint options … - type source options
		before, after, _ := strings.Cut(scan.Text(), " - ")
		left, right := strings.Fields(before), strings.Fields(after)
		if len(left) < 5 || len(right) < 1 || right[0] != "cgroup2" {
			continue
		}
		below, inside := strings.CutPrefix(path, strings.TrimSuffix(left[3], "/"))
		if inside && (below == "" || below[0] == '/') {
			return filepath.Join(left[4], below), nil
		}
	}
	return "", errors.New("control groups of version 2 are not mounted here")
}

// safe makes a name of a folder.
func safe(name string) string {
	clean := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '_'
	}, name)
	return clean[:min(len(clean), 64)]
}
