package bastion

import "strings"

// Backtraces says how much of the stack a crash report shows. What Go prints when
// the program itself dies is not touched, nor is any panic handler of the program.
type Backtraces uint8

const (
	// FullBacktraces show up to 256 frames.
	FullBacktraces Backtraces = iota
	// ShortBacktraces show the eight frames nearest to the failure, without those
	// of Go's own panic handling.
	ShortBacktraces
	// NoBacktraces show none.
	NoBacktraces
)

func (b Backtraces) String() string { return pick(int(b), "full", "short", "none") }

// shortFrames is how many frames, of two lines each, a short backtrace has.
const shortFrames = 8

// cut shortens a stack.
func (b Backtraces) cut(stack string) string {
	switch b {
	case FullBacktraces:
		return stack
	case NoBacktraces:
		return ""
	}
	lines := strings.SplitAfter(stack, "\n")
	for len(lines) > 2 && (strings.HasPrefix(lines[0], "runtime.") || strings.HasPrefix(lines[0], "panic(")) {
		lines = lines[2:]
	}
	return strings.Join(lines[:min(len(lines), 2*shortFrames)], "")
}
