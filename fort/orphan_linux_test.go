package fort_test

import (
	"fmt"
	"os"
	"strconv"
	"syscall"
	"testing"
)

// family starts a fort whose ward has a child of its own.
func family(t *testing.T, role string) (r *rig, ward, child int) {
	r = begin(t, role)
	_, ward = r.serving()
	child, err := strconv.Atoi(r.must("child"))
	if err != nil {
		t.Fatal(err)
	}
	return r, ward, child
}

func TestF3_NoOrphanWhateverDiesFirst(t *testing.T) {
	t.Parallel()
	t.Run("guard", func(t *testing.T) {
		t.Parallel()
		r, ward, child := family(t, "server")
		r.signal(syscall.SIGKILL)
		until(t, "ward and child are dead", func() bool { return dead(ward) && dead(child) })
	})
	t.Run("guard, and the ward hangs", func(t *testing.T) {
		t.Parallel()
		r, ward, child := family(t, "server")
		suspend(t, ward)
		r.signal(syscall.SIGKILL)
		until(t, "ward and child are dead", func() bool { return dead(ward) && dead(child) })
	})
	t.Run("ward", func(t *testing.T) {
		t.Parallel()
		r, ward, child := family(t, "server")
		_ = syscall.Kill(ward, syscall.SIGKILL)
		r.serving()
		until(t, "the child is dead", func() bool { return dead(child) })
	})
	t.Run("ward, then guard", func(t *testing.T) {
		t.Parallel()
		r, ward, child := family(t, "server")
		r.between(ward, func() { r.signal(syscall.SIGKILL) })
		until(t, "the child is dead", func() bool { return dead(child) })
	})
	t.Run("an orderly stop", func(t *testing.T) {
		t.Parallel()
		r, ward, child := family(t, "server")
		r.signal(syscall.SIGTERM)
		if code := r.status(); code != 0 {
			t.Errorf("status %d", code)
		}
		if !dead(ward) || !dead(child) {
			t.Error("the guard has ended before its ward and that one's child")
		}
	})
}

func TestF3_TheGuardStaysSmallAndLeaksNothing(t *testing.T) {
	t.Parallel()
	r := begin(t, "server")
	_, pid := r.serving()
	guard := r.cmd.Process.Pid
	files := func() int {
		all, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", guard))
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	var before int
	for i := range 40 {
		_ = r.must("who") // so that the ward has claimed its socket
		if i == 10 {
			before = files()
		}
		_ = syscall.Kill(pid, syscall.SIGKILL)
		_, pid = r.serving()
	}
	_ = r.must("who")
	if after := files(); after > before {
		t.Errorf("the guard has %d open files, and had %d", after, before)
	}
}
