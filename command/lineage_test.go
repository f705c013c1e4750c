//go:build unix

package command

import (
	"context"
	"os"
	"testing"

	"github.com/bastion-go/bastion/internal/osproc"
)

// What is left of the last run, because its loop was abandoned, is killed and waited for.
func TestF4_ARunWaitsForTheLast(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	last, err := osproc.Start(osproc.Spec{Argv: []string{self, "deaf"}, Env: append(os.Environ(), "COMMAND_TEST_ROLE=1")})
	if err != nil {
		t.Fatal(err)
	}
	runs := new(lineage)
	runs.enter(7, last)
	if err := runs.wait(context.Background(), 8); err != nil || closed(last.Done()) {
		t.Errorf("another process waited: %v", err)
	}
	if err := runs.wait(context.Background(), 7); err != nil || !closed(last.Done()) {
		t.Errorf("did not wait: %v", err)
	}
	if runs.leave(); len(runs.runs) > 0 {
		t.Errorf("%d ended runs are remembered", len(runs.runs))
	}
}
