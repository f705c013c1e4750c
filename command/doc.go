// Package command runs external commands as children of a supervisor: programs in
// any language, with the same restart types, backoff, start order and shutdown times
// as any other process, and nothing left of them when they are stopped.
//
// # Use
//
//	bastion.ChildSpec{
//		Name:      "database",
//		Start:     command.Run(command.Spec{
//			Argv:  []string{"postgres", "-D", "data"},
//			Ready: command.Ready{Address: "127.0.0.1:5432"},
//		}),
//		WaitReady: true, // the next child starts when it listens
//		Backoff:   bastion.Exponential{First: time.Second, Max: time.Minute},
//		Shutdown:  20 * time.Second,
//	}
//
// Run makes a loop process; each incarnation is one run of the command. The process
// is sent messages as any other: with Spec.Stdin a string, a []byte or an [Input] is
// written to the command's stdin as it is (an end of line is yours to add), and
// [CloseInput] closes it; a [Signal] goes to its process group; [Inspect] is
// answered with a [Report]. Anything else is unhandled.
//
// # Ends
//
// Exit status 0 is a normal end, everything else a failure, an [ExitError] with
// status or signal, the last lines of stderr, and what was used; so is a command that
// ended before it was ready. A command that cannot be started is a [StartError], which
// names the field. What is wrong with the Spec itself is an error of the supervisor's
// spec. Being told to stop is no failure, however the command ends then.
//
// # How it stops
//
// Each command leads a process group of its own, which ends with it. Told to stop,
// the group gets StopSignal (and SIGCONT), and SIGKILL after three quarters of the
// child's shutdown time (less two seconds, if that is more), so that it has gone
// before the process would be abandoned; with UnlimitedShutdown there is no SIGKILL.
// Killed, with BrutalKill, or when the process fails otherwise and does not listen, it
// gets SIGKILL. A drain writes what waits to stdin first, for half of that time. An
// incarnation is over when nothing of the group is left, so two never overlap.
//
// When this program dies, by SIGKILL as well, Linux kills the command and its group.
// Whoever leaves the group (setsid) is caught only by a service manager or a
// container. On other systems the group lives on, unless its members notice that
// their pipes or their parent are gone.
//
// # Order
//
// Messages are written in the order of the mailbox, one after the other; one counts
// as handled when the pipe has taken all of it. A command that does not read blocks
// those behind it (signals too), but neither a stop nor readiness. The lines of one
// stream keep their order; between stdout and stderr, and to messages sent by the
// process, there is none.
//
// # What may be lost
//
// Lines are never cut off silently: long ones come in pieces ([Line].Truncated). A
// line that its Ref does not accept is dropped, counted in the next one (Line.Lost),
// in the Report and in the ExitError, and said once in the log. A Ref that is slow
// has its mailbox filled by a command that is not; give it a bound. A logger that is
// slow blocks the command, as a full pipe does. What has left the group and still
// writes a second after the command's end is not read any more. Input in the pipe
// that the command never read is lost with it; the message in hand when it fails is
// counted as failed, those behind it wait for the next run. Input that comes with
// stdin closed is a dead letter.
//
// # Who may call
//
// A Spec is plain data that any goroutine may use for any number of children. Files
// in it stay the caller's, who keeps them open. The reading and waiting is done on
// goroutines of the incarnation, and on one thread for each running command.
//
// # Systems
//
// Linux has all of it. Darwin and the BSDs lack Watchdog, Ready.Notify, CPUs, Nodes,
// Memory and Cgroup. Windows has no process groups and signals: everything compiles,
// and each start fails with an error that says so.
package command
