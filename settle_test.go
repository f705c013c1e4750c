package bastion_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
)

// eventually waits until what holds, looking now and then, for things that nobody announces. It gives up after half a
// minute, which no machine needs, and then says why.
func eventually(t *testing.T, what func() bool, why func() string) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for pause := 50 * time.Microsecond; !what(); pause = min(2*pause, 20*time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal(why())
		}
		<-time.After(pause)
	}
}

// stacks is a dump of all goroutines.
func stacks() string {
	all := make([]byte, 8<<20)
	return string(all[:runtime.Stack(all, true)])
}

// goroutines are those that exist, by the first line of their stacks up to the state: "goroutine 17".
func goroutines() map[string]bool {
	ids := make(map[string]bool)
	for _, g := range strings.Split(stacks(), "\n\n") {
		id, _, _ := strings.Cut(g, " [")
		ids[id] = true
	}
	return ids
}

// newGoroutines waits for those to end that did not exist before, and returns the stacks of what does not.
func newGoroutines(before map[string]bool) string {
	var left []string
	for pause := time.Millisecond; pause < 3*time.Second; pause *= 2 {
		left = left[:0]
		for _, g := range strings.Split(stacks(), "\n\n") {
			id, _, _ := strings.Cut(g, " [")
			if !before[id] && strings.Contains(g, modulePath) {
				left = append(left, g)
			}
		}
		if len(left) == 0 {
			break
		}
		<-time.After(pause)
	}
	return strings.Join(left, "\n\n")
}

// leaveNothing fails the test if goroutines of the runtime outlive it.
func leaveNothing(t *testing.T) {
	t.Helper()
	before := goroutines()
	t.Cleanup(func() {
		if left := newGoroutines(before); left != "" {
			t.Errorf("still there after the test:\n%s", left)
		}
	})
}

// treeText is a tree for a failed test's output.
func treeText(n bastion.Node, indent string) string {
	text := fmt.Sprintf("%s%s: %v %v, incarnation %d, restarts %d, mailbox %d\n",
		indent, n.Name, n.Kind, n.State, n.Incarnation, n.Restarts, n.Mailbox)
	for _, c := range n.Children {
		text += treeText(c, indent+"  ")
	}
	return text
}
