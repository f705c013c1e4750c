package demo

import (
	"fmt"
	"strings"
	"time"

	"github.com/bastion-go/bastion"
)

const treeHead = "process                 state       life  restarts  mailbox       handled"

// treeLines draws the tree, with at most room members of each group. Members of connections are many, alike and short-lived:
// they are one line always.
func treeLines(root bastion.Node, room int) []string {
	lines := []string{treeHead}
	for _, top := range root.Children {
		lines = appendNode(lines, top, 0, room)
	}
	return lines
}

func appendNode(lines []string, n bastion.Node, depth, room int) []string {
	name := strings.Repeat("  ", depth) + n.Name
	group := n.Kind == bastion.KindGroup
	if group {
		name += fmt.Sprintf(" (%d)", len(n.Children)+n.Omitted)
	}
	life := ""
	if n.Kind == bastion.KindHandler || n.Kind == bastion.KindLoop {
		life = fmt.Sprint(n.Incarnation)
	}
	lines = append(lines, fmt.Sprintf("%-22s  %-10s %5s %9d %8d %13s",
		name, n.State, life, restarts(n), mailbox(n), thousands(handled(n))))
	if group && n.Name == "connections" {
		return lines
	}
	members := n.Children
	if group && len(members) > room {
		members = members[:room]
	}
	for _, member := range members {
		lines = appendNode(lines, member, depth+1, room)
	}
	if left := len(n.Children) + n.Omitted - len(members); left > 0 {
		lines = append(lines, fmt.Sprintf("%s… %d more", strings.Repeat("  ", depth+1), left))
	}
	return lines
}

// booksLine is the identity that must hold.
func booksLine(b bastion.Books) string {
	sign := "="
	if !b.Balanced() {
		sign = "≠"
	}
	line := fmt.Sprintf("%s accepted %s %s handled + %s failed + %s in hand + %s in mailboxes + %s discarded",
		thousands(b.Accepted), sign, thousands(b.Handled), thousands(b.Failed), thousands(b.InHand), thousands(b.Mailboxes), thousands(b.Discarded))
	if b.Live {
		line += " (read while messages were moving)"
	}
	return line
}

func injectedLine(i Injected) string {
	return fmt.Sprintf("%s: %s, %s, %s, %s, %s", plural(int(i.Total()), "failure"), plural(int(i.Panics), "panic"),
		plural(int(i.Errors), "error"), plural(int(i.Goexits), "goexit"), plural(int(i.Hangs), "hang"), plural(int(i.Kills), "kill"))
}

// thousands writes a number with commas.
func thousands(n uint64) string {
	text := fmt.Sprint(n)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}

// short writes a duration with three digits.
func short(d time.Duration) string {
	grain := time.Duration(1)
	for d/grain >= 1000 {
		grain *= 10
	}
	return d.Round(grain).String()
}

// clock writes the time that has gone by, of the time that was given.
func clock(s Snapshot) string { return clockOf(s.Elapsed, s.For) }

func clockOf(gone, given time.Duration) string {
	elapsed := fmt.Sprintf("%.1f s", gone.Seconds())
	if given > 0 {
		return elapsed + " of " + given.String()
	}
	return elapsed
}

// headline says what is going on.
func headline(s Snapshot) string {
	return fmt.Sprintf("Bastion demo: a key-value service on %s, %s, %s (seed %d)",
		s.Address, plural(s.Clients, "client"), chaosWord(s.Chaos), s.Seed)
}

func chaosWord(perSecond float64) string {
	if perSecond <= 0 {
		return "no failures injected"
	}
	return fmt.Sprintf("about %.3g failures injected a second", perSecond)
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%s %ss", thousands(uint64(n)), what)
}
