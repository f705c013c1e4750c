package fort

import (
	"fmt"
	"strings"
	"syscall"
	"unicode"

	"github.com/bastion-go/bastion/fort/internal/decide"
)

// ending is what is known about a ward that is gone.
type ending struct {
	cause  decide.Cause
	status decide.Status
	oom    bool   // the kernel killed something of it for its memory
	output string // what Go wrote about its end, or the end of standard error
	dying  bool   // output is of nothing but its end
	said   string // the error that its function returned, or why it was not started
}

var causes = map[decide.Cause]struct {
	kind   Kind
	reason string
}{
	decide.StartFailed: {StartFailed, "could not be started"},
	decide.NotReady:    {NotReady, "did not serve within its start timeout"},
	decide.Hung:        {Hang, "hung: it left its heartbeats unanswered"},
	decide.Sick:        {Sick, "its health check failed"},
	decide.SoftMemory:  {SoftMemory, "was stopped for its memory"},
	decide.HardMemory:  {HardMemory, "was killed for its memory"},
}

// diagnose says how a ward ended, in one word and in one line.
func diagnose(e ending) (Kind, string) {
	kind, reason := judge(e)
	return kind, oneLine(reason)
}

// oneLine is what a program said, fit for a line of a log or a terminal: lines are
// joined, and what would move the cursor is left out.
func oneLine(text string) string {
	text = strings.ReplaceAll(strings.TrimSpace(text), "\n", "; ")
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "\ufffd"))
}

func judge(e ending) (Kind, string) {
	if known, ok := causes[e.cause]; ok {
		return known.kind, join(known.reason, e.said)
	}
	if e.oom {
		return OutOfMemory, "the kernel killed it for its memory"
	}
	if kind, line := verdict(e.output); kind != "" && (e.status.Code == 2 || e.status.Signal != 0) {
		return kind, line
	}
	if e.dying && e.status.Code == 2 && strings.Contains(e.output, "[running]:") {
		return Fatal, "fatal error; which, stands on standard error" // see keepPreamble
	}
	if e.status.Signal != 0 {
		return Signal, join("ended by "+signalName(syscall.Signal(e.status.Signal)), e.said)
	}
	return Exit, join(fmt.Sprintf("exit status %d", e.status.Code), e.said)
}

func join(what, detail string) string {
	if detail == "" {
		return what
	}
	return what + ": " + detail
}

// verdict finds the line of Go's crash output that names the cause. Go writes it in
// front of the stacks; what a fatal error has to explain may come before it.
func verdict(output string) (Kind, string) {
	for line := range strings.Lines(output) {
		line = strings.TrimRight(line, "\r\n")
		switch {
		case strings.HasPrefix(line, "panic: "):
			return Panic, line
		case strings.HasPrefix(line, "fatal error: "):
			if strings.Contains(line, "out of memory") || strings.Contains(line, "cannot allocate") {
				return OutOfMemory, line
			}
			return Fatal, line
		case strings.HasPrefix(line, "SIG") && strings.Contains(line, ": "):
			return Signal, line
		case strings.HasPrefix(line, "goroutine "):
			return "", ""
		}
	}
	return "", ""
}

var signalNames = map[syscall.Signal]string{
	syscall.SIGHUP: "SIGHUP", syscall.SIGINT: "SIGINT", syscall.SIGQUIT: "SIGQUIT", syscall.SIGILL: "SIGILL",
	syscall.SIGTRAP: "SIGTRAP", syscall.SIGABRT: "SIGABRT", syscall.SIGBUS: "SIGBUS", syscall.SIGFPE: "SIGFPE",
	syscall.SIGKILL: "SIGKILL", syscall.SIGSEGV: "SIGSEGV", syscall.SIGPIPE: "SIGPIPE", syscall.SIGALRM: "SIGALRM",
	syscall.SIGTERM: "SIGTERM",
}

func signalName(s syscall.Signal) string {
	if name, ok := signalNames[s]; ok {
		return name
	}
	return fmt.Sprintf("signal %d", int(s))
}
