package bastiontest

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/bastion-go/bastion/executor"
)

const (
	shownSteps   = 40 // of a trace, the last
	shownTrouble = 5
)

// fail reports a run that has failed, and how to make it again. k is nil for a schedule.
func (c *campaign) fail(o *outcome, k *token) {
	c.t.Helper()
	if k != nil {
		k.print = o.tape.print
	}
	short, runs := o, 0
	if c.c.Shrink > 0 {
		short, runs = c.shrink(o)
	}
	played := short.tape.schedule()
	traced := c.attempt(attempt{seed: o.seed, from: played.source(), steps: true})
	var b strings.Builder
	for i, t := range o.trouble {
		if i == shownTrouble {
			fmt.Fprintf(&b, "(and %d more)\n", len(o.trouble)-i)
			break
		}
		b.WriteString(t.text + "\n")
	}
	if k != nil {
		fmt.Fprintf(&b, "again:    %s -bastion.seed=%v\n", c.again(), k)
	}
	fmt.Fprintf(&b, "schedule: %s -bastion.schedule=%v\n", c.again(), played)
	fmt.Fprintf(&b, "          (%d of %d choices are unusual", len(played.unusual), len(short.tape.choices))
	if runs > 0 {
		fmt.Fprintf(&b, "; %d before %d runs that looked for fewer", len(o.tape.schedule().unusual), runs)
	}
	b.WriteString(")\n")
	if traced.tape.print != short.tape.print || !traced.failed() {
		b.WriteString("It does not repeat: something is not controlled, such as a map's order, a select, a bare goroutine, " +
			"the real time, or what is shared by several seeds.\n")
	}
	if path := c.write(traced); path != "" {
		fmt.Fprintf(&b, "trace:    %s\n", path)
	}
	fmt.Fprintf(&b, "its last steps (after %v):\n%s", traced.took, tail(traced.steps))
	if traced.log != "" {
		b.WriteString("its log:\n" + indent(traced.log))
	}
	c.t.Errorf("bastiontest: %s failed after %v of virtual time:\n%s", name(o, k), o.took, b.String())
}

func name(o *outcome, k *token) string {
	if k == nil {
		return "the schedule"
	}
	return fmt.Sprintf("seed %#x (%s)", o.seed, k.strategy)
}

// again is the command that runs this test alone.
func (c *campaign) again() string {
	parts := strings.Split(c.t.Name(), "/")
	for i := range parts {
		parts[i] = "^" + regexp.QuoteMeta(parts[i]) + "$"
	}
	return "go test -run '" + strings.ReplaceAll(strings.Join(parts, "/"), "'", `'\''`) + "'"
}

// tail are the last steps, as text.
func tail(steps []executor.Step) string {
	var b strings.Builder
	if n := len(steps) - shownSteps; n > 0 {
		fmt.Fprintf(&b, "    (%d before)\n", n)
		steps = steps[n:]
	}
	for _, s := range steps {
		b.WriteString("    " + s.String() + "\n")
	}
	return b.String()
}

func indent(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n    ") + "\n"
}

// differs says where two runs of one seed part.
func (c *campaign) differs(seed uint64) string {
	a := c.attempt(attempt{seed: seed, from: c.source(seed), steps: true}).steps
	b := c.attempt(attempt{seed: seed, from: c.source(seed), steps: true}).steps
	const text = "the seed does not repeat: something is not controlled, such as a map's order, a select, a bare goroutine, the real " +
		"time, or what is shared by several seeds"
	for i := range min(len(a), len(b)) {
		if a[i].String() != b[i].String() {
			return fmt.Sprintf("%s; the first difference:\n    %v\n    %v", text, a[i], b[i])
		}
	}
	return fmt.Sprintf("%s; %d and %d steps", text, len(a), len(b))
}

// explain is the executor's report, with what a user of this package can do about it.
func explain(e *executor.SeededError) string {
	text := strings.TrimPrefix(e.Error(), "executor: ")
	if e.Fault == executor.FaultBlocked && regexp.MustCompile(`\bnet\.|internal/poll`).MatchString(e.Stack) {
		text += "\n(a real socket: it waits in real time for something outside of the simulation. Put what speaks to the network " +
			"behind an interface or a process, and a fake in its place.)"
	}
	return text
}
