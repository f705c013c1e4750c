package otptest

import (
	"fmt"
	"strings"

	"github.com/bastion-go/bastion"
)

// A tale is one case of the comparison: plain data, so that it can be shrunk, printed and told to both sides.
type tale struct {
	Top    super
	Boot   []event // failing starts that are planned before the boot
	Events []event
	Rule   rule
}

// A super is a supervisor. Its name, like that of every child, is unique in the whole tale.
type super struct {
	Name     string
	Strategy bastion.Strategy
	Max      int // restarts; the window is longer than any run
	Auto     bastion.AutoShutdown
	Kids     []kid
}

// A kid is a child: a worker, or a subtree if Super is not nil.
type kid struct {
	Name        string
	Restart     bastion.RestartType
	Significant bool
	Shutdown    patience
	Manner      manner // of a worker
	Form        form   // of a worker
	Backoff     bool
	Super       *super
}

// patience is a shutdown time.
type patience int

const (
	ample  patience = iota // minutes: never over
	brief                  // milliseconds, for those who will not stop
	brutal                 // killed without being asked
	always                 // unlimited
)

// manner is what a worker does when it is told to stop.
type manner int

const (
	plain manner = iota // stops
	slow                // stops after a while
	rude                // fails instead
	deaf                // does not stop
)

// form is what a worker is made of. Only we can tell.
type form int

const (
	loop form = iota
	handler
)

// An event is something that happens to a tree.
type event struct {
	Do    deed
	Name  string // of the child
	Sup   string // of its supervisor; not for fail
	How   how    // leave
	Times int    // fail: so many starts of it will
	Kid   *kid   // insert
}

type deed int

const (
	leave     deed = iota // a worker ends by itself
	fail                  // its next starts are going to fail
	mend                  // no start is going to fail any more
	insert                // supervisor:start_child
	terminate             // supervisor:terminate_child
	restart               // supervisor:restart_child
	bounce                // terminate_child and restart_child
	remove                // terminate_child and delete_child
	kill                  // terminate_child; with us a kill
)

// how a worker ends by itself. What OTP has one word for may have several with us.
type how int

const (
	normal how = iota
	shutdown
	shutdownWith // {shutdown, Term}
	crash
	panics // a crash, too
	goexit // likewise
	killed
	struck    // by an exit signal
	dismissed // by one with reason shutdown
)

var (
	strategyNames = []string{"one_for_one", "one_for_all", "rest_for_one"}
	autoNames     = []string{"never", "any_significant", "all_significant"}
	restartNames  = []string{"permanent", "transient", "temporary"}
	patienceNames = []string{"60000", "2", "brutal_kill", "infinity"}
	mannerNames   = []string{"plain", "slow", "rude", "deaf"}
	formNames     = []string{"loop", "handler"}
	deedNames     = []string{"leave", "fail", "mend", "insert", "terminate", "restart", "bounce", "remove", "kill"}
	howNames      = []string{"normal", "shutdown", "shutdown_with", "crash", "crash", "crash", "killed", "struck", "dismissed"}
	howWords      = []string{"normal", "shutdown", "shutdownWith", "crash", "panics", "goexit", "killed", "struck", "dismissed"}
)

// ---- as an Erlang term, on one line

func (t *tale) term(id int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "{%d,", id)
	t.Top.term(&b)
	fmt.Fprintf(&b, ",%s,%s,%v}.\n", terms(t.Boot), terms(t.Events), t.Rule == bouncing)
	return b.String()
}

func (s *super) term(b *strings.Builder) {
	fmt.Fprintf(b, "{sup,%s,%s,%d,%s,[", s.Name, strategyNames[s.Strategy], s.Max, autoNames[s.Auto])
	for i := range s.Kids {
		if i > 0 {
			b.WriteByte(',')
		}
		s.Kids[i].term(b)
	}
	b.WriteString("]}")
}

func (k *kid) term(b *strings.Builder) {
	fmt.Fprintf(b, "{%s,%s,%s,%v,", k.Name, restartNames[k.Restart], patienceNames[k.Shutdown], k.Significant)
	if k.Super != nil {
		k.Super.term(b)
	} else {
		fmt.Fprintf(b, "{work,%s,1}", mannerNames[k.Manner])
	}
	b.WriteByte('}')
}

func terms(events []event) string {
	var b strings.Builder
	b.WriteByte('[')
	for i, e := range events {
		if i > 0 {
			b.WriteByte(',')
		}
		switch e.Do {
		case leave:
			fmt.Fprintf(&b, "{leave,%s,%s}", e.Name, howNames[e.How])
		case fail:
			fmt.Fprintf(&b, "{fail,%s,%d}", e.Name, e.Times)
		case mend:
			b.WriteString("mend")
		case insert:
			fmt.Fprintf(&b, "{insert,%s,", e.Sup)
			e.Kid.term(&b)
			b.WriteByte('}')
		default:
			fmt.Fprintf(&b, "{%s,%s,%s}", deedNames[e.Do], e.Sup, e.Name)
		}
	}
	b.WriteByte(']')
	return b.String()
}

// ---- for people

func (t *tale) String() string {
	var b strings.Builder
	t.Top.draw(&b, "  ", "")
	for _, e := range t.Boot {
		fmt.Fprintf(&b, "before the boot: %v\n", e)
	}
	for i, e := range t.Events {
		fmt.Fprintf(&b, "%d. %v\n", i+1, e)
	}
	if t.Rule != none {
		fmt.Fprintf(&b, "rule: %v\n", t.Rule)
	}
	return b.String()
}

func (s *super) draw(b *strings.Builder, indent, more string) {
	fmt.Fprintf(b, "%s%s: %s, at most %d restarts, auto-shutdown %s%s\n", indent, s.Name, strategyNames[s.Strategy], s.Max, autoNames[s.Auto], more)
	for i := range s.Kids {
		k := &s.Kids[i]
		if k.Super != nil {
			k.Super.draw(b, indent+"  ", "; "+k.policy())
			continue
		}
		fmt.Fprintf(b, "%s  %v\n", indent, k)
	}
}

func (k *kid) String() string {
	if k.Super != nil {
		var b strings.Builder
		k.Super.draw(&b, "", "; "+k.policy())
		return strings.TrimSpace(b.String())
	}
	text := fmt.Sprintf("%s: %s, %s %s", k.Name, k.policy(), mannerNames[k.Manner], formNames[k.Form])
	if k.Backoff {
		text += ", backoff"
	}
	return text
}

func (k *kid) policy() string {
	text := restartNames[k.Restart] + ", shutdown " + patienceNames[k.Shutdown]
	if k.Significant {
		text += ", significant"
	}
	return text
}

func (e event) String() string {
	switch e.Do {
	case leave:
		return fmt.Sprintf("%s ends: %s", e.Name, howWords[e.How])
	case fail:
		return fmt.Sprintf("the next %d starts of %s will fail", e.Times, e.Name)
	case mend:
		return "no start will fail any more"
	case insert:
		return fmt.Sprintf("insert into %s: %v", e.Sup, e.Kid)
	}
	return fmt.Sprintf("%s %s of %s", deedNames[e.Do], e.Name, e.Sup)
}
