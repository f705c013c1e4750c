package command

import (
	"log/slog"
	"os"
	"regexp"
	"syscall"
	"time"

	"github.com/bastion-go/bastion"
)

// A Spec describes an external command. It is plain data, of which only Argv is
// needed, and must not be changed after it was handed over.
type Spec struct {
	// Argv is the program and its arguments; no shell comes between. A program
	// without a slash is looked up in this program's PATH, a relative one with a
	// slash is relative to Dir. It is looked up at every start.
	Argv []string
	// Dir is the working folder. Empty: this program's.
	Dir string
	// Env is added to this program's environment, "NAME=value" each; the last of
	// a name counts. What service managers pass to this program for itself
	// (NOTIFY_SOCKET, WATCHDOG_…, LISTEN_…) is not passed on.
	Env []string
	// CleanEnv makes Env the whole environment.
	CleanEnv bool
	// User, a name or a number, is whose rights it has, with the groups that the
	// system knows of that user, and HOME, USER and LOGNAME set. Empty: this
	// program's. Only root may choose.
	User string
	// Group, a name or a number, takes the place of the user's first group.
	Group string
	// Files are passed on as descriptors 3 and up, at every start. They are put into
	// blocking mode and stay the caller's, who keeps them open.
	Files []*os.File

	// Stdin makes the process's messages input: see the package comment. False:
	// stdin is the null device, and such messages are not handled.
	Stdin bool
	// Stdout says what becomes of its output. Zero: lines in the log, at slog.LevelInfo.
	Stdout Output
	// Stderr is the same for its errors; its last lines are in the ExitError as well.
	Stderr Output

	// Ready says how the command shows that it is ready. Zero: it is when it runs.
	Ready Ready
	// Watchdog above 0 makes a command fail that sends no WATCHDOG=1 for so long:
	// it gets SIGABRT, so that it can say where it was. It finds the time in
	// WATCHDOG_USEC, and the place to send to in NOTIFY_SOCKET. Linux.
	Watchdog time.Duration

	// StopSignal is how the command's process group is asked to end. Zero: SIGTERM.
	StopSignal syscall.Signal
	// Linger is how long others of its process group may outlive the command when
	// that ends by itself: they get StopSignal then, and SIGKILL at the end. Zero:
	// SIGKILL at once.
	Linger time.Duration

	// CPUs restricts it to these. Linux.
	CPUs []int
	// Nodes are the NUMA nodes that its memory is taken from while they have any,
	// and whose CPUs it runs on if CPUs is empty. Linux.
	Nodes []int
	// Memory above 0 is how many bytes the command and all that it starts may have;
	// at the limit the kernel kills all of it. Linux, through a control group of version 2.
	Memory int64
	// Cgroup is the folder of a control group that was delegated to this program, to
	// make the command's below it. Empty: below this program's own, if there is a
	// Memory; else the command gets none.
	Cgroup string
	// BestEffort starts the command without the CPUs, Nodes, Memory or Cgroup that
	// cannot be had, and says so in the log. False: the start fails.
	BestEffort bool

	// Logger gets the lines and what there is to say of the command. Nil: slog.Default().
	Logger *slog.Logger
}

// An Output says what becomes of a stream. At most one of To, File and Discard.
type Output struct {
	// To gets each line as a Line message. A line that it does not accept (it has
	// stopped, its mailbox is full) is lost, and counted in the next one.
	To bastion.Ref
	// File is handed to the command as it is; the caller keeps it open.
	File *os.File
	// Discard reads the stream and forgets it.
	Discard bool
	// Level of the log records. Zero: slog.LevelInfo.
	Level slog.Level
	// Prefix stands before each line in the log.
	Prefix string
	// Attrs are added to each record, beside "process" and "stream".
	Attrs []slog.Attr
	// Longest is where a line is cut, in bytes. Zero: 64 KiB; at least 16.
	Longest int
}

// Ready is one sign that a command is ready, and how long to wait for it. For it to
// count, the ChildSpec must have WaitReady.
type Ready struct {
	// Address is where it listens then: "host:port" or ":port" for TCP, a path for a
	// Unix socket ("@name" for an abstract one). Somebody who listens there before
	// the start makes it fail.
	Address string
	// Line matches a line of its output.
	Line *regexp.Regexp
	// File appears then, relative to Dir; one that is there already counts when it
	// is replaced or written anew.
	File string
	// Notify: it sends READY=1 as sd_notify does. Linux.
	Notify bool
	// Within is how long it may take; the command can ask for more by
	// EXTEND_TIMEOUT_USEC. Zero: as long as ChildSpec.StartTimeout lets it.
	Within time.Duration
}

func (r Ready) wanted() bool {
	return r.Address != "" || r.Line != nil || r.File != "" || r.Notify
}
