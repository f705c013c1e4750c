// Package fort guards a whole program against what Go cannot recover: a concurrent
// map write, stack exhaustion, no memory left, a fault in C code, a panic in a
// forgotten goroutine, a hang, kill -9. It knows nothing of processes and
// supervision trees, and guards any program.
//
// # Usage
//
//	func main() {
//		fort.Main(fort.Config{CrashDir: "crashes"}, func(ctx context.Context) error {
//			l, err := fort.Listen("tcp", ":8080")
//			if err != nil {
//				return err
//			}
//			return serve(ctx, l) // until ctx ends
//		})
//	}
//
// The process that is started becomes the guard. It starts the same binary again
// as the ward, in which Main calls the function. When the ward ends and should not
// have, the guard writes a report and starts the next incarnation, which finds the
// report in [LastCrash] and the same sockets in [Listen]: connections that come
// meanwhile wait. Too many crashes in too short a time (Config.Intensity) end the
// fort, with the last exit status. [Run] puts any other program, in any language,
// under a guard.
//
// # What is noticed
//
// Exit status and signal; Go's own crash output, with all it has to say about
// fatal errors; memory over a limit, the kernel's out-of-memory killer; a hang:
// the guard asks each ward for a sign of life (Config.Heartbeat), which needs its
// scheduler, its allocator and its network poller, and, with Config.Alive, what the
// program itself says. One that hangs is made to write the stacks of its
// goroutines before it is killed.
//
// # What is ordered
//
// In one ward's life: started, ready, ended; its successor starts after its end has
// been reported. With Config.Redundancy there are several wards, and nothing is
// ordered between them. In an upgrade old and new wards run side by side until all
// new ones are ready; then the old ones are told to stop, and drain.
//
// # What may be lost
//
// What the ward had in memory, and the connections it had accepted. No connection
// attempt is refused. Crash output is cut in the middle when it is very long. When
// the guard itself is killed, the wards are killed by the kernel (on Linux; on
// others they end when they find the guard gone), and the sockets close.
//
// # Signals, and how it stops
//
// SIGINT, SIGTERM and SIGQUIT are passed to the wards, each with its process group, and end
// the fort when these have ended; after Config.Shutdown, or with a second signal (not an
// echo of the first within half a second), they are killed. SIGHUP, SIGUSR1, SIGUSR2,
// SIGALRM and SIGWINCH are passed on; if the program dies of one, so does the fort. The
// exit status is the program's, 128 and its number for a signal. As process 1 of a container the guard waits for orphans. A
// ward's standard input is the guard's, or, if that is a terminal, nothing.
//
// Ctrl-Z suspends the guard alone: the program goes on, and nobody restarts it until
// the guard goes on, too.
//
// # Under systemd
//
// The guard is the service. In a unit of Type=notify it says READY=1 when all wards
// serve for the first time, STOPPING=1 when the fort ends, and with WatchdogSec=
// that it is alive. The wards do not inherit NOTIFY_SOCKET and its like: a ward says
// that it serves by Ready, and a program under Run by sd_notify to the guard, with
// WaitReady. Sockets of a unit are used by Listen and passed on by Run.
//
// # Who may call what
//
// Main and Run belong into main. All else may be called from any goroutine. The
// guard runs none of the program's code but the initialisation of its packages, and
// what main does before Main: so nothing should be opened or started there.
//
// # Systems
//
// Linux has all of it. Darwin and the BSDs have no memory limits, kernel-side death
// of the wards, or owner of an address in use. On Windows Main says that it has no fort
// and ends, unless BASTION_FORT=off asks for the bare program; Listen, Ready and the
// others do there what they do without a guard.
package fort
