package bastiontest

import (
	"fmt"
	"strings"

	"github.com/bastion-go/bastion"
)

// AssertBooks wants the books of a system to balance, to the message (contract D4), with nothing moving: call it when the
// run is at rest, for example after Settle.
func (s *Sim) AssertBooks(sys *bastion.System) {
	s.Helper()
	if b := sys.Inspector().Books(); b.Live || !b.Balanced() {
		s.Errorf("%s: %v", sys.Name(), b)
	}
}

// AssertNoLeaks wants a system that was stopped to have left nothing behind (contract L11): no message, and, where it was
// the only one of the run, no timer that is still set.
func (s *Sim) AssertNoLeaks(sys *bastion.System) {
	s.Helper()
	if state := sys.Inspector().State(); state != "stopped" {
		s.Errorf("%s is %s, not stopped", sys.Name(), state)
		return
	}
	if b := sys.Inspector().Books(); b.InHand+b.Mailboxes > 0 {
		s.Errorf("%s: %v", sys.Name(), b)
	}
	for _, other := range s.systems {
		if other.Inspector().State() != "stopped" {
			return
		}
	}
	if n := s.seeded.Timers(); n > 0 {
		s.Errorf("%d timers are still set", n)
	}
}

// AssertTree wants the tree of a system to look like picture; see [Picture]. Blank lines at both ends and indentation that
// all lines have in common do not count, so that the picture can stand in the code.
func (s *Sim) AssertTree(sys *bastion.System, picture string) {
	s.Helper()
	got, want := Picture(sys.Inspector().Tree()), undent(picture)
	if got != want {
		s.Errorf("the tree is\n%swant\n%s", indent(got), indent(want))
	}
}

// Picture draws a tree as text, a line for each node: name, kind, state if it does not run, incarnation of a process that
// was restarted, messages that wait. A group of more members than can be shown says how many it leaves out.
//
//	bank  supervisor, one for one
//	  teller  handler
//	  clerk  loop, waiting, incarnation 3, 2 in its mailbox
func Picture(n bastion.Node) string {
	var b strings.Builder
	draw(&b, n, "")
	return b.String()
}

func draw(b *strings.Builder, n bastion.Node, indent string) {
	fmt.Fprintf(b, "%s%s  %v", indent, n.Name, n.Kind)
	if n.Strategy != "" {
		fmt.Fprintf(b, ", %s", n.Strategy)
	}
	if n.State != bastion.StateRunning {
		fmt.Fprintf(b, ", %v", n.State)
	}
	if n.Incarnation > 1 {
		fmt.Fprintf(b, ", incarnation %d", n.Incarnation)
	}
	if n.Mailbox > 0 {
		fmt.Fprintf(b, ", %d in its mailbox", n.Mailbox)
	}
	b.WriteByte('\n')
	for _, c := range n.Children {
		draw(b, c, indent+"  ")
	}
	if n.Omitted > 0 {
		fmt.Fprintf(b, "%s  and %d more\n", indent, n.Omitted)
	}
}

// undent takes off what all lines are indented by, and blank lines around.
func undent(text string) string {
	lines := strings.Split(strings.Trim(text, "\n"), "\n")
	for len(lines) > 0 && strings.TrimSpace(lines[len(lines)-1]) == "" {
		lines = lines[:len(lines)-1]
	}
	common := -1
	for _, l := range lines {
		if depth := len(l) - len(strings.TrimLeft(l, " \t")); strings.TrimSpace(l) != "" && (common < 0 || depth < common) {
			common = depth
		}
	}
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(strings.TrimRight(l[min(max(common, 0), len(l)):], " \t") + "\n")
	}
	return b.String()
}
