package bastiontest

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/bastion-go/bastion"
)

// maxArrows is how many arrows a diagram has: more than that nobody can read.
const maxArrows = 200

// WriteMermaid writes the trace as a sequence diagram in the language of Mermaid,
// which GitHub and many editors draw: an arrow where a message was received, a
// broken one where an asker got its answer, a crossed one where a message was
// refused or discarded, an open one at the end for what still waits, and notes for
// what happened to processes. It shows the last 200 arrows.
func (t *Trace) WriteMermaid(w io.Writer) error {
	d := diagram{names: make(map[string]int), open: make(map[uint64]TraceStep)}
	for _, s := range t.Steps {
		d.step(s)
	}
	d.rest()
	b := bufio.NewWriter(w)
	fmt.Fprintln(b, "sequenceDiagram")
	skip := max(0, len(d.lines)-maxArrows)
	lines := d.lines[skip:]
	for i, name := range d.order {
		if slices.ContainsFunc(lines, func(l arrow) bool { return l.from == i || l.to == i }) {
			fmt.Fprintf(b, "    participant p%d as %s\n", i, label(name))
		}
	}
	if skip > 0 {
		fmt.Fprintf(b, "    note over p%d: %d before\n", lines[0].from, skip)
	}
	for _, l := range lines {
		fmt.Fprintln(b, "    "+l.String())
	}
	return b.Flush()
}

// diagram is one under way.
type diagram struct {
	order []string
	names map[string]int
	lines []arrow
	open  map[uint64]TraceStep // accepted, and not yet received
	sent  []uint64
}

// An arrow is a line of a diagram: with a sign from one to another, without one a note.
type arrow struct {
	sign     string
	from, to int
	text     string
}

func (a arrow) String() string {
	if a.sign == "" {
		return fmt.Sprintf("note over p%d: %s", a.from, label(a.text))
	}
	return fmt.Sprintf("p%d%sp%d: %s", a.from, a.sign, a.to, label(a.text))
}

// label escapes what means something in Mermaid.
func label(text string) string {
	return strings.NewReplacer("#", "#35;", ";", "#59;", "\n", " ", "\r", " ").Replace(text)
}

func (d *diagram) who(name string) int {
	if name == "" {
		name = "outside"
	}
	i, ok := d.names[name]
	if !ok {
		i = len(d.order)
		d.names[name] = i
		d.order = append(d.order, name)
	}
	return i
}

func (d *diagram) draw(sign, from, to, text string) {
	d.lines = append(d.lines, arrow{sign, d.who(from), d.who(to), text})
}

func (d *diagram) step(s TraceStep) {
	switch s.Kind {
	case bastion.PassageSent.String():
		d.open[s.Message] = s
		d.sent = append(d.sent, s.Message)
	case bastion.PassageRefused.String():
		d.draw("-x", s.From, s.To, s.title()+" "+s.Err)
	case bastion.PassageReceived.String():
		d.draw("->>", d.sender(s), s.To, s.title())
	case bastion.PassageDiscarded.String():
		d.draw("-x", d.sender(s), s.To, s.title()+" "+s.Err)
	case bastion.PassageResolved.String():
		text := "answer to #" + fmt.Sprint(s.Ask)
		if s.Err != "" {
			text = "no " + text + " " + s.Err
		}
		d.draw("-->>", d.asked(s.Ask), s.From, text)
	case "event":
		path, _, _ := strings.Cut(s.Who, "@")
		d.lines = append(d.lines, arrow{from: d.who(path), to: -1, text: s.Who + " " + s.Text})
	}
}

// sender is who sent the message that s is about, which is not open any more.
func (d *diagram) sender(s TraceStep) string {
	sent, ok := d.open[s.Message]
	if !ok {
		return s.From
	}
	if s.Ask == 0 {
		delete(d.open, s.Message)
	} else {
		sent.Kind = "" // kept: its answer comes from there
		d.open[s.Message] = sent
	}
	return sent.From
}

// asked is who was asked.
func (d *diagram) asked(n uint64) string { return d.open[n].To }

// rest draws what nobody has got so far.
func (d *diagram) rest() {
	for _, n := range d.sent {
		if s, ok := d.open[n]; ok && s.Kind != "" {
			d.draw("-)", s.From, s.To, s.title()+" waits")
		}
	}
}

// title is the message in short.
func (s TraceStep) title() string {
	kind := s.Type[strings.LastIndexByte(s.Type, '.')+1:]
	if s.Message == 0 {
		return kind
	}
	return fmt.Sprintf("#%d %s", s.Message, kind)
}
