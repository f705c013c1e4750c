package fort_test

import (
	"os"
	"testing"

	"github.com/bastion-go/bastion/fort"
)

func TestF1_MemoryOverALimit(t *testing.T) {
	t.Parallel()
	t.Run("soft", func(t *testing.T) {
		t.Parallel()
		r := begin(t, "memory", crashVar+"="+t.TempDir())
		r.serving()
		go r.ask("grow")
		r.expect("stopping 1 fort: told to stop for its memory")
		r.serving()
		crash := r.last()
		if crash.Kind != fort.SoftMemory {
			t.Errorf("reported as %q, %q", crash.Kind, crash.Reason)
		}
		if info, err := os.Stat(crash.Profile); err != nil || info.Size() == 0 {
			t.Errorf("heap profile %q: %v", crash.Profile, err)
		}
	})
	t.Run("hard", func(t *testing.T) {
		t.Parallel()
		r := begin(t, "greedy")
		_, pid := r.serving()
		go r.ask("burst")
		r.serving()
		crash := r.last()
		if crash.Kind != fort.HardMemory || crash.PID != pid || crash.Status != 137 {
			t.Errorf("reported as %q, %q, status %d", crash.Kind, crash.Reason, crash.Status)
		}
	})
}
