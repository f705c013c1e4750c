package bastiontest

import (
	"fmt"
	"sync"
	"time"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/executor"
)

// MaxEntries is how many entries a History keeps.
const MaxEntries = 4 << 20

// A History is the account of what happened to messages in a run, kept apart from
// the runtime's own books, and held against the contracts when the run is over
// (see Check). Its zero value is an empty one. All methods may be called from any
// goroutine.
//
// A simulation keeps it by itself: Step takes the trace, and the program needs no
// change. In real concurrency the program under test keeps it: messages carry a
// Mark, and whoever sends and receives them says so (Tell, Asked, Handle,
// Received). What is not recorded is not checked.
type History struct {
	mu      sync.Mutex
	clock   int // the last number that was given
	began   time.Time
	entries []Entry
	omitted int
	marks   uint64
	labels  map[process]string
	senders map[*bastion.Context]string
	names   map[string]int // how many senders have a name
	paths   map[string]bool
	latest  map[string]process
	missed  uint64 // dead letters that nobody saw
}

// A process is how the trace and the references name one.
type process struct {
	path string
	id   uint64
}

// An Op says what an Entry is about.
type Op string

// What can happen to a message, and to those that handle them.
const (
	OpSend    Op = "send"    // From sent Message to To, and it was accepted
	OpRefuse  Op = "refuse"  // it was not: Err
	OpAsk     Op = "ask"     // From began to ask; whether that was accepted is not known
	OpForward Op = "forward" // From handed it on to To
	OpReceive Op = "receive" // To, in Incarnation, was given it
	OpDiscard Op = "discard" // nobody will be: Err
	OpAnswer  Op = "answer"  // From answered the question Ask, with Err if it has one
	OpResolve Op = "resolve" // the asker From has an answer to Ask, or Err
	OpStart   Op = "start"   // Incarnation of To began
	OpEnd     Op = "end"     // and ended: Err
)

// An Entry is one line of a History: plain data.
type Entry struct {
	// N orders the entries of a history.
	N int `json:"n"`
	// At is the time since the history began: virtual time in a simulation.
	At time.Duration `json:"at"`
	Op Op            `json:"op"`
	// Message is the number of the message; 0: a Down or an Exit, which have none.
	Message uint64 `json:"message,omitempty"`
	// Ask is the number of the question; 0: told. One that was forwarded has the
	// number of the first message.
	Ask uint64 `json:"ask,omitempty"`
	// From is the sender, asker or answerer: a path, or what As said; empty: outside.
	From string `json:"from,omitempty"`
	// To is the path of the receiver, or of whose life it is.
	To string `json:"to,omitempty"`
	// Incarnation is that of From or To, whichever did it.
	Incarnation uint64 `json:"incarnation,omitempty"`
	// Type is the Go type of the message.
	Type string `json:"type,omitempty"`
	// Begun is the number at which a send began, where that is not N: two sends of
	// one sender are in order if the first had returned when the second began.
	Begun int `json:"begun,omitempty"`
	// Apart: it is in the order of nobody's sends, or its receiver chose it out of
	// turn.
	Apart bool `json:"apart,omitempty"`
	// Then: an asker that ends first needs no answer.
	Then bool `json:"then,omitempty"`
	// Answer is the question whose answer the asker got, if that can be told; 0: not.
	Answer uint64 `json:"answer,omitempty"`
	// Err is what Op says of it.
	Err string `json:"err,omitempty"`
}

// String is the entry in one line.
func (e Entry) String() string {
	text := fmt.Sprintf("%6d %-8v %-8s", e.N, e.At, e.Op)
	switch e.Op {
	case OpStart, OpEnd:
		text += fmt.Sprintf(" %s@%d", e.To, e.Incarnation)
	case OpAnswer, OpResolve:
		text += fmt.Sprintf(" ask #%d by %s", e.Ask, orOutside(e.From))
		if e.Answer != 0 && e.Answer != e.Ask {
			text += fmt.Sprintf(", got the answer to #%d", e.Answer)
		}
	default:
		text += fmt.Sprintf(" #%d %s %s -> %s", e.Message, e.Type, orOutside(e.From), e.To)
		if e.Op == OpReceive {
			text += fmt.Sprintf("@%d", e.Incarnation)
		}
		if e.Ask != 0 {
			text += fmt.Sprintf(" (ask #%d)", e.Ask)
		}
	}
	if e.Err != "" {
		text += ": " + e.Err
	}
	return text
}

func orOutside(who string) string {
	if who == "" {
		return "outside"
	}
	return who
}

// Entries is a copy of what was recorded so far, in order.
func (h *History) Entries() []Entry {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]Entry(nil), h.entries...)
}

// add records e now. Under mu.
func (h *History) add(e Entry) int {
	h.clock++
	e.N = h.clock
	if len(h.entries) == MaxEntries {
		h.omitted++
		return e.N
	}
	h.entries = append(h.entries, e)
	return e.N
}

// label is the path of a process; with its number if another has had that path.
// Under mu.
func (h *History) label(p process) string {
	if p.path == "" {
		return ""
	}
	if latest, ok := h.latest[p.path]; ok && p.id == 0 {
		p = latest // some events have no number
	}
	if l, ok := h.labels[p]; ok {
		return l
	}
	if h.labels == nil {
		h.labels, h.paths, h.latest = make(map[process]string), make(map[string]bool), make(map[string]process)
	}
	l := p.path
	if h.paths[l] {
		l = fmt.Sprintf("%s#%d", p.path, p.id)
	}
	h.labels[p], h.paths[l], h.latest[p.path] = l, true, p
	return l
}

func processOf(r bastion.Ref) process { return process{r.Path(), r.ID()} }

// Step takes one step of a seeded run's trace (executor.SeededConfig.Trace), and
// keeps it if it is about a message or the life of a process.
func (h *History) Step(s executor.Step) {
	switch d := s.Data.(type) {
	case bastion.Passage:
		h.mu.Lock()
		defer h.mu.Unlock()
		h.passage(s.At, d)
	case bastion.Event:
		h.mu.Lock()
		defer h.mu.Unlock()
		h.event(s.At, d)
	}
}

var ops = map[bastion.PassageKind]Op{
	bastion.PassageSent: OpSend, bastion.PassageRefused: OpRefuse, bastion.PassageReceived: OpReceive,
	bastion.PassageDiscarded: OpDiscard, bastion.PassageAnswered: OpAnswer, bastion.PassageResolved: OpResolve,
}

// passage records what a seeded run says of a message. Under mu.
func (h *History) passage(at time.Duration, x bastion.Passage) {
	e := Entry{At: at, Op: ops[x.Kind], Message: x.Number, Ask: x.Ask, Incarnation: x.Incarnation, Apart: x.Forwarded || x.Chosen,
		Then: x.Then, From: h.label(processOf(x.Sender)), To: h.label(processOf(x.Receiver))}
	switch {
	case x.Strand == "":
	case e.From == "":
		e.From = x.Strand
	default:
		e.From += " " + x.Strand
	}
	if x.Message != nil {
		e.Type = fmt.Sprintf("%T", x.Message)
	}
	if x.Err != nil {
		e.Err = x.Err.Error()
	}
	h.add(e)
}

// event records what becomes of an incarnation. Under mu.
func (h *History) event(at time.Duration, x bastion.Event) {
	e := Entry{At: at, To: h.label(process{x.Path, x.ID}), Incarnation: x.Incarnation}
	switch x.Kind {
	case bastion.EventStarted:
		e.Op = OpStart
	case bastion.EventFailed, bastion.EventStopped, bastion.EventAbandoned, bastion.EventRestarting:
		e.Op = OpEnd
	default:
		return
	}
	if x.Reason != nil {
		e.Err = x.Reason.Error()
	}
	h.add(e)
}

// now is the real time since the history began. Under mu.
func (h *History) now() time.Duration {
	if h.began.IsZero() {
		h.began = time.Now()
	}
	return time.Since(h.began)
}
