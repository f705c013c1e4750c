package fort_test

import (
	"strings"
	"syscall"
	"testing"

	"github.com/bastion-go/bastion/fort"
)

func TestF1_HangsAreFoundAndTheirStacksReported(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		order  string
		env    string
		output string
	}{
		{order: "deadlock", output: "fort_test.die"},
		{order: "stall", env: "GODEBUG=asyncpreemptoff=1", output: "fort_test.stall"},
		{order: "syscall", output: "fort_test.stuck"},
		{order: ""}, // suspended from outside
	} {
		t.Run("hang "+c.order, func(t *testing.T) {
			t.Parallel()
			env := []string{crashVar + "=" + t.TempDir()}
			if c.env != "" {
				env = append(env, c.env)
			}
			r := begin(t, "watched", env...)
			_, pid := r.serving()
			var asked chan bool
			if c.order == "" {
				_ = syscall.Kill(pid, syscall.SIGSTOP)
			} else {
				asked = make(chan bool)
				go func() {
					_, _ = r.ask(c.order) // has no answer; ends with the ward
					close(asked)
				}()
			}
			r.serving()
			crash := r.last()
			if crash.Kind != fort.Hang {
				t.Errorf("reported as %q, %q", crash.Kind, crash.Reason)
			}
			if !strings.Contains(crash.Output, "SIGQUIT: quit") || !strings.Contains(crash.Output, c.output) {
				t.Errorf("the stacks lack %q:\n%.3000s", c.output, crash.Output)
			}
			if asked != nil {
				<-asked
			}
		})
	}
}
