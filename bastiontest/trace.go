package bastiontest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/executor"
)

const (
	// TraceVersion is the version of the format that Trace.WriteJSON writes.
	TraceVersion = 1
	traceFormat  = "bastion trace"
	// MaxTraceSteps is how many steps a Trace keeps, the last ones.
	MaxTraceSteps = 20_000
	maxTraceText  = 500 // bytes of one text
)

// A Trace is what was done in a seeded run, step by step, for people and their
// tools. It is plain data and bounded in size.
type Trace struct {
	// Title says of what run it is.
	Title string `json:"title"`
	// Omitted is how many steps were before the first one here.
	Omitted int `json:"omitted"`
	// Steps are in order.
	Steps []TraceStep `json:"-"`
}

// A TraceStep is one step of a Trace, or something of note that happened in it.
type TraceStep struct {
	// N is the number of the step.
	N int `json:"n"`
	// At is the virtual time since the start, in nanoseconds.
	At time.Duration `json:"at"`
	// Kind is what it was: run, slice, timer, send, message, event and so on.
	Kind string `json:"kind"`
	// Who did it, or to whom it happened.
	Who string `json:"who"`
	// Text says more.
	Text string `json:"text,omitempty"`
	// Message is the number of the message that it is about; 0: none.
	Message uint64 `json:"message,omitempty"`
	// Ask is the number under which the question was asked; 0: none.
	Ask uint64 `json:"ask,omitempty"`
	// From is the sender of the message: a path, or the name of a goroutine.
	From string `json:"from,omitempty"`
	// To is the receiver.
	To string `json:"to,omitempty"`
	// Type is the message's Go type.
	Type string `json:"type,omitempty"`
	// Err is what went wrong with it.
	Err string `json:"err,omitempty"`
}

// String is the step in one line.
func (s TraceStep) String() string {
	if s.Text == "" {
		return fmt.Sprintf("%d %v %s %s", s.N, s.At, s.Kind, s.Who)
	}
	return fmt.Sprintf("%d %v %s %s: %s", s.N, s.At, s.Kind, s.Who, s.Text)
}

// NewTrace makes a trace of the steps of a seeded run, of the last MaxTraceSteps.
func NewTrace(title string, steps []executor.Step) *Trace {
	t := &Trace{Title: title}
	if n := len(steps) - MaxTraceSteps; n > 0 {
		t.Omitted, steps = n, steps[n:]
	}
	t.Steps = make([]TraceStep, len(steps))
	for i, s := range steps {
		t.Steps[i] = traceStep(s)
	}
	return t
}

func traceStep(s executor.Step) TraceStep {
	out := TraceStep{N: s.N, At: s.At, Kind: s.Kind, Who: s.Who, Text: brief(s.Text())}
	x, ok := s.Data.(bastion.Passage)
	if !ok {
		return out
	}
	out.Message, out.Ask, out.From, out.To = x.Number, x.Ask, x.Sender.Path(), x.Receiver.Path()
	if x.Message != nil {
		out.Type = fmt.Sprintf("%T", x.Message)
	}
	if x.Err != nil {
		out.Err = brief(x.Err.Error())
	}
	if out.From == "" && x.Kind != bastion.PassageReceived && x.Kind != bastion.PassageDiscarded {
		out.From = s.Who // one outside has the name of its goroutine
	}
	return out
}

// brief is text in one line, and not too long.
func brief(text string) string {
	text = strings.ReplaceAll(text, "\n", " ")
	if len(text) > maxTraceText {
		text = strings.ToValidUTF8(text[:maxTraceText], "") + "…"
	}
	return text
}

// WriteText writes the trace for people, a line for each step.
func (t *Trace) WriteText(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "%s\n", t.Title)
	if t.Omitted > 0 {
		fmt.Fprintf(b, "(%d steps before)\n", t.Omitted)
	}
	for _, s := range t.Steps {
		fmt.Fprintln(b, s)
	}
	return b.Flush()
}

// header is the first line of a trace in JSON.
type header struct {
	Format  string `json:"format"`
	Version int    `json:"version"`
	*Trace
}

// WriteJSON writes the trace for programs: a line that says what it is, with the
// version of the format, and then each step in a line of its own.
func (t *Trace) WriteJSON(w io.Writer) error {
	b := bufio.NewWriter(w)
	lines := json.NewEncoder(b)
	lines.SetEscapeHTML(false)
	if err := lines.Encode(header{traceFormat, TraceVersion, t}); err != nil {
		return err
	}
	for i := range t.Steps {
		if err := lines.Encode(&t.Steps[i]); err != nil {
			return err
		}
	}
	return b.Flush()
}

// ReadTrace reads what WriteJSON has written, of this version of the format or one
// before. A file that was cut off is an error, with the steps that could be read.
func ReadTrace(r io.Reader) (*Trace, error) {
	lines := json.NewDecoder(r)
	t := &Trace{}
	h := header{Trace: t}
	if err := lines.Decode(&h); err != nil {
		return nil, fmt.Errorf("bastiontest: not a trace: %w", err)
	}
	if h.Format != traceFormat {
		return nil, fmt.Errorf("bastiontest: not a trace: its format is %q", h.Format)
	}
	if h.Version < 1 || h.Version > TraceVersion {
		return nil, fmt.Errorf("bastiontest: a trace of version %d; this program reads up to %d", h.Version, TraceVersion)
	}
	for {
		var s TraceStep
		switch err := lines.Decode(&s); {
		case err == io.EOF:
			return t, nil
		case err != nil:
			return t, fmt.Errorf("bastiontest: step %d of the trace: %w", len(t.Steps)+1, err)
		}
		t.Steps = append(t.Steps, s)
	}
}
