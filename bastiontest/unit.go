package bastiontest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/executor"
)

// A Unit is one process, alone, for tests of what it does with a message. It is fed
// by calls that return when nothing more happens at this instant, and tells what
// the process has done. It is a Sim, too, which has virtual time, and probes to
// stand for other processes.
//
// There is a real system below, because a Context is nothing without one, in a run
// that always goes on in the same way: a Unit looks at one process, and not at
// interleavings. For those there is Run.
type Unit struct {
	*Sim
	sup     *bastion.Supervisor
	ref     bastion.Ref
	asked   map[uint64]bool // questions that it was asked
	actions []Action
	failure error
}

// An ActionKind says what a Unit did.
type ActionKind string

// What a process can do that others see.
const (
	ActionSent     ActionKind = "sent"     // it told Message to To
	ActionAsked    ActionKind = "asked"    // it asked To the question Message
	ActionRefused  ActionKind = "refused"  // To's mailbox did not take Message: Err
	ActionReplied  ActionKind = "replied"  // it answered a question with Message
	ActionDeclined ActionKind = "declined" // a question got Err: by Fail, or because nobody answers it any more
	ActionStarted  ActionKind = "started"  // the process Path has started: itself, or one that it has made
	ActionFailed   ActionKind = "failed"   // Path has failed: Err
	ActionStopped  ActionKind = "stopped"  // Path is down for good
)

// An Action is one thing that a Unit did. Which fields are set is said at its kind.
type Action struct {
	// Kind says what it is.
	Kind ActionKind
	// To is the receiver of a message.
	To bastion.Ref
	// Path is the process that started, failed or stopped.
	Path string
	// Message is what was sent, asked or answered.
	Message any
	// Err is why something failed.
	Err error
}

// String is the action in one line, with the message's type.
func (e Action) String() string {
	words := []string{string(e.Kind)}
	if e.Message != nil {
		words = append(words, fmt.Sprintf("%T", e.Message))
	}
	if !e.To.IsZero() {
		words = append(words, "to "+e.To.Path())
	}
	if e.Path != "" {
		words = append(words, e.Path)
	}
	text := strings.Join(words, " ")
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// RunUnit runs main with a Unit. The process is made by Unit.Start.
func RunUnit(t testing.TB, main func(u *Unit)) {
	t.Helper()
	o, err := Options{Seeds: 1}.check()
	if err != nil {
		t.Fatalf("bastiontest: %v", err)
	}
	c := &campaign{t: t, c: command{Options: o}}
	c.main = func(s *Sim) {
		u := &Unit{Sim: s, asked: make(map[uint64]bool)}
		s.hear = u.hear
		main(u)
	}
	out := c.attempt(attempt{from: steady{}, hears: true})
	for _, x := range out.trouble {
		t.Errorf("bastiontest: %s", x.text)
	}
	switch {
	case out.failed() && out.log != "":
		t.Logf("its log:\n%s", indent(out.log))
	case out.skipped:
		t.SkipNow()
	}
}

// steady is the source that never does what is unusual.
type steady struct{}

func (steady) Choose(executor.Choice) int { return 0 }

// Start starts the process under test, /unit/sup/unit, which is restarted whenever
// it fails. An error is that of its start.
func (u *Unit) Start(start bastion.Behavior) error {
	u.Helper()
	return u.StartChild(bastion.ChildSpec{Start: start})
}

// StartChild is Start for a process with more of a spec. Its name is always "unit".
func (u *Unit) StartChild(spec bastion.ChildSpec) error {
	u.Helper()
	if u.sup != nil {
		u.Fatalf("the unit has been started before")
	}
	sys := u.New(bastion.Config{Name: "unit", Intensity: bastion.Unlimited})
	sup, err := sys.Supervise(bastion.SupervisorSpec{Name: "sup", Intensity: bastion.Unlimited})
	if err != nil {
		u.Fatalf("Supervise: %v", err)
	}
	u.sup = sup
	if err := sys.Start(context.Background()); err != nil {
		u.Fatalf("Start: %v", err)
	}
	spec.Name = "unit"
	u.ref, err = sup.Add(context.Background(), spec)
	u.Settle()
	return err
}

// Ref is the process under test.
func (u *Unit) Ref() bastion.Ref { return u.ref }

// Tell feeds the process a message, lets it do what it will at this instant, and
// returns why it failed, if it did: the error it returned, or a bastion.PanicError.
// A send that was refused answers its own error. If the process waits for
// something, Tell returns nil; Advance, or a probe's reply, goes on with it.
func (u *Unit) Tell(msg any) error {
	u.failure = nil
	if err := u.ref.Tell(context.Background(), msg); err != nil {
		return err
	}
	u.Settle()
	return u.failure
}

// Advance lets virtual time pass, and returns why the process failed meanwhile.
func (u *Unit) Advance(d time.Duration) error {
	u.failure = nil
	u.Sleep(d)
	u.Settle()
	return u.failure
}

// Stop stops the process, with its stop hook.
func (u *Unit) Stop() error {
	err := u.ref.Stop(context.Background())
	u.Settle()
	return err
}

// askedLimit is how long an ask of the test waits, in virtual time.
const askedLimit = time.Hour

// AskUnit asks the process and returns its answer, which may take an hour of
// virtual time.
func AskUnit[A any, Q bastion.Question[A]](u *Unit, question Q) (A, error) {
	ctx, cancel := u.Timeout(context.Background(), askedLimit)
	defer cancel()
	answer, err := bastion.Ask[A](ctx, u.ref, question)
	u.Settle()
	return answer, err
}

// Actions is what the process has done since the last call, in order.
func (u *Unit) Actions() []Action {
	u.Settle()
	all := u.actions
	u.actions = nil
	return all
}

// hear takes in a step of the run.
func (u *Unit) hear(s executor.Step) {
	switch d := s.Data.(type) {
	case bastion.Passage:
		u.passage(d)
	case bastion.Event:
		u.event(d)
	}
}

func (u *Unit) passage(x bastion.Passage) {
	e := Action{To: x.Receiver, Message: x.Message, Err: x.Err}
	self := x.Sender.Path() == unitPath
	switch {
	case x.Kind == bastion.PassageReceived && x.Receiver.Path() == unitPath && x.Ask != 0:
		u.asked[x.Ask] = true
		return
	case x.Kind == bastion.PassageAnswered && u.asked[x.Ask]:
		delete(u.asked, x.Ask)
		if e.Kind = ActionReplied; e.Err != nil {
			e.Kind = ActionDeclined
		}
	case x.Kind == bastion.PassageSent && self:
		if e.Kind = ActionSent; x.Ask != 0 {
			e.Kind = ActionAsked
		}
	case x.Kind == bastion.PassageRefused && self:
		e.Kind = ActionRefused
	default:
		return
	}
	u.actions = append(u.actions, e)
}

// unitPath is where the process under test stands.
const unitPath = "/unit/sup/unit"

func (u *Unit) event(x bastion.Event) {
	if !strings.HasPrefix(x.Path, "/unit/sup/") {
		return
	}
	e := Action{Path: x.Path, Err: x.Reason}
	switch x.Kind {
	case bastion.EventStarted:
		e.Kind = ActionStarted
	case bastion.EventFailed:
		e.Kind = ActionFailed
		if x.Path == unitPath {
			u.failure = x.Reason
		}
	case bastion.EventStopped:
		e.Kind, e.Err = ActionStopped, nil
	default:
		return
	}
	u.actions = append(u.actions, e)
}
