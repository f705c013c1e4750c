package command

import (
	"syscall"
	"time"

	"github.com/bastion-go/bastion"
)

// A Stream is where a line came from.
type Stream uint8

const (
	// Stdout is the command's output.
	Stdout Stream = iota + 1
	// Stderr is where it writes its errors.
	Stderr
)

func (s Stream) String() string {
	switch s {
	case Stdout:
		return "stdout"
	case Stderr:
		return "stderr"
	}
	return "unknown"
}

// A Line is what the Ref in an Output gets, one for each line, in the order of the
// stream. Between the two streams there is no order.
type Line struct {
	Stream Stream
	Text   string // without what ended the line; any bytes
	// Truncated: longer than Output.Longest; it goes on in the next Line.
	Truncated bool
	// Lost is how many lines just before this one were not accepted.
	Lost int
}

// An Input is written to the command's stdin. Told, it is as good as a string;
// asked, it is answered with the number of bytes when all are written to the pipe,
// so that whoever asks cannot run ahead of the command.
type Input struct {
	bastion.Returns[int]
	Text string // any bytes
}

// CloseInput closes the command's stdin, when what came before is written.
type CloseInput struct{}

// A Signal is sent to the command's process group.
type Signal struct{ Signal syscall.Signal }

// Inspect asks how the command is.
type Inspect struct{ bastion.Returns[Report] }

// A Report is the answer to Inspect.
type Report struct {
	PID       int       // of the command, and of its process group
	Started   time.Time // of this incarnation
	Ready     bool      // it has shown that it is
	Status    string    // what it said last by STATUS= of sd_notify
	LinesLost uint64    // not accepted by the Ref of an Output, in this incarnation
}
