package bastion

import (
	"errors"
	"fmt"
	"strings"
)

// What a send, an ask or an order can answer. All are matched by errors.Is.
var (
	// ErrNoProcess: the reference is zero, or no process has that path or name.
	ErrNoProcess = errors.New("bastion: no such process")
	// ErrStopped: the receiver, or its system, has stopped for good. The message was not accepted.
	ErrStopped = errors.New("bastion: process has stopped")
	// ErrNotStarted: the system, or the supervisor or group in question, was not started yet. Messages told before are kept; nobody could answer an ask.
	ErrNotStarted = errors.New("bastion: system not started")
	// ErrStarted: Start was called before.
	ErrStarted = errors.New("bastion: system was started before")
	// ErrNilMessage: nil is no message.
	ErrNilMessage = errors.New("bastion: message is nil")
	// ErrNilFunc: a nil function was to be called.
	ErrNilFunc = errors.New("bastion: function is nil")
	// ErrFull: the receiver's mailbox is full and its policy refuses the new; or,
	// as the reason of a discard, that its policy drops.
	ErrFull = errors.New("bastion: mailbox is full")
	// ErrTooLarge: the message alone exceeds the bound of the mailbox in bytes.
	ErrTooLarge = errors.New("bastion: message is larger than the mailbox")
	// ErrReplaced: a newer message with the same key took its place.
	ErrReplaced = errors.New("bastion: replaced by a newer message")
	// ErrExpired: it waited in the mailbox for longer than its time to live.
	ErrExpired = errors.New("bastion: message has expired")
	// ErrType: a typed door was opened on a process that takes another type.
	ErrType = errors.New("bastion: process takes another type of message")
	// ErrForeign: the process belongs to another system; links and monitors are
	// within one.
	ErrForeign = errors.New("bastion: process of another system")
	// ErrEnded: the incarnation that the Context belongs to has ended or was
	// abandoned; it can do nothing any more (contract L7).
	ErrEnded = errors.New("bastion: this incarnation has ended")
	// ErrStopping: the process was told to stop. Recv returns it, and a loop
	// that returns it has stopped in order.
	ErrStopping = errors.New("bastion: told to stop")
	// ErrPending: the order was accepted, but waiting for its completion would
	// wait for the caller's own end (contract S8).
	ErrPending = errors.New("bastion: order accepted, not waited for")
	// ErrNotLoop: only a loop process, on its own goroutine, can receive.
	ErrNotLoop = errors.New("bastion: only a loop process receives, on its own goroutine")
	// ErrNotHandler: the call is for handler processes; a loop can simply wait.
	ErrNotHandler = errors.New("bastion: only a handler process can do this")
	// ErrBusy: another Recv of the same process is in progress.
	ErrBusy = errors.New("bastion: another Recv is in progress")
	// ErrNoMessage: there is no message in hand, or the caller is not the
	// goroutine that has it in hand.
	ErrNoMessage = errors.New("bastion: no message in hand")
)

// What becomes of a question.
var (
	// ErrNoQuestion: the message was told, not asked; there is nobody to answer.
	ErrNoQuestion = errors.New("bastion: not asked, so there is nothing to answer")
	// ErrAnswered: the question has its answer already.
	ErrAnswered = errors.New("bastion: question was answered before")
	// ErrLate: the asker has gone, or has been told that there will be no answer.
	ErrLate = errors.New("bastion: nobody waits for the answer any more")
	// ErrUnanswered: the receiver finished with the question without answering or holding it.
	ErrUnanswered = errors.New("bastion: question was not answered")
	// ErrUnhandled: the receiver does not know this kind of message.
	ErrUnhandled = errors.New("bastion: message was not handled")
	// ErrDeadlock: the ask, or the wait for room in a full mailbox, would close a ring
	// of processes that wait for one another (see RingError).
	ErrDeadlock = errors.New("bastion: would deadlock")
)

// Why a process ended, apart from the errors it returned itself.
var (
	// ErrNormal: it had done what there was to do. A handler ends like that by
	// returning it, a loop by returning nil.
	ErrNormal = errors.New("bastion: normal end")
	// ErrShutdown: it was told to stop.
	ErrShutdown = errors.New("bastion: shut down")
	// ErrKilled: it was killed.
	ErrKilled = errors.New("bastion: killed")
	// ErrAbandoned: it did not return within its shutdown time.
	ErrAbandoned = errors.New("bastion: abandoned")
	// ErrGoexit: it called runtime.Goexit.
	ErrGoexit = errors.New("bastion: runtime.Goexit was called")
	// ErrStartTimeout: it did not start within its start timeout.
	ErrStartTimeout = errors.New("bastion: start timed out")
	// ErrNoHeartbeat: it did not report within its Heartbeat. The crash report says
	// where it was.
	ErrNoHeartbeat = errors.New("bastion: no heartbeat")
	// ErrIntensity: its supervisor had to restart more often than its intensity allows.
	ErrIntensity = errors.New("bastion: restart intensity exceeded")
	// ErrEscalated: a condition asked for escalation.
	ErrEscalated = errors.New("bastion: escalated by a condition")
	// ErrSystemStop: a condition asked to stop the whole system.
	ErrSystemStop = errors.New("bastion: system stopped by a condition")
)

// A SpecError lists every fault of a specification, each with the path of its field.
type SpecError struct {
	Faults []string // each "Field.Path: what is wrong"
}

// maxFaults is how many faults the text of a SpecError shows.
const maxFaults = 100

func (e *SpecError) Error() string {
	if len(e.Faults) == 1 {
		return "bastion: bad spec: " + e.Faults[0]
	}
	text := fmt.Sprintf("bastion: bad spec, %d faults:\n\t%s", len(e.Faults), strings.Join(e.Faults[:min(len(e.Faults), maxFaults)], "\n\t"))
	if more := len(e.Faults) - maxFaults; more > 0 {
		text += fmt.Sprintf("\n\tand %d more", more)
	}
	return text
}

// A RingError says which processes an ask, or a send to a full mailbox, would have
// made wait for one another: the caller first, each waiting for the next, the last
// for the first. It is an ErrDeadlock.
type RingError struct {
	Ring []string // paths
}

func (e *RingError) Error() string {
	if len(e.Ring) == 0 {
		return ErrDeadlock.Error()
	}
	return ErrDeadlock.Error() + ": " + strings.Join(append(e.Ring[:len(e.Ring):len(e.Ring)], e.Ring[0]), " waits for ")
}

// Is makes it an ErrDeadlock.
func (e *RingError) Is(target error) bool { return target == ErrDeadlock }

// A FailedError is what an ask returns when the receiver failed while it had,
// or held, the question.
type FailedError struct {
	Path   string
	Reason error
}

func (e *FailedError) Error() string { return fmt.Sprintf("bastion: %s failed: %v", e.Path, e.Reason) }

// Unwrap is the reason of the failure.
func (e *FailedError) Unwrap() error { return e.Reason }

// A StartError says which child could not be started, and why.
type StartError struct {
	Path   string
	Reason error
}

func (e *StartError) Error() string {
	return fmt.Sprintf("bastion: %s did not start: %v", e.Path, e.Reason)
}

// Unwrap is the reason.
func (e *StartError) Unwrap() error { return e.Reason }

// An Abandoned is a handler, loop or goroutine that did not return in time. It
// goes on running, fenced off: Go cannot end it.
type Abandoned struct {
	Path        string
	Incarnation uint64
	Stack       string // where it was when it was abandoned
}

// An AbandonedError lists what a stopped system had to leave behind. It is an ErrAbandoned.
type AbandonedError struct {
	Left []Abandoned // by path
}

func (e *AbandonedError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "bastion: stopped, but %d did not return and were abandoned:", len(e.Left))
	for _, a := range e.Left {
		fmt.Fprintf(&b, "\n%s (incarnation %d)\n%s", a.Path, a.Incarnation, a.Stack)
	}
	return b.String()
}

// Is makes it an ErrAbandoned.
func (e *AbandonedError) Is(target error) bool { return target == ErrAbandoned }
