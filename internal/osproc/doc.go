// Package osproc runs processes of the operating system: each the leader of a
// group of its own, which ends with it. It knows nothing of processes, supervision
// or policy; package command and the guard of package fort are built on it.
//
// # Use
//
//	r, w, err := os.Pipe()
//	p, err := osproc.Start(osproc.Spec{Argv: []string{"server", "-v"}, Stdout: w})
//	w.Close()                        // ours; else r never ends
//	lines := osproc.NewLineReader(r, 0)
//	line, err := lines.Next()        // until io.EOF
//	p.Signal(syscall.SIGHUP)         // to the group
//	p.Stop(5 * time.Second)          // SIGTERM, then SIGKILL, to the group
//	<-p.Done()                       // leader and group have gone
//	exit := p.Exit()                 // code, signal, core, usage
//
// Who is ready says so by one of these: [Address] (Free before the start, Wait
// after it), [File] (LookAt before, Wait after), a [LineReader] whose line matches,
// or a [Notifier] (its Env into the Spec, then Next for each [Notice]). [NewCgroup]
// makes a group with a memory limit where that is permitted. What a Spec asks for
// and cannot get is a [FieldError] that names the field.
//
// # Order
//
// When the leader ends, what is left of its group gets the spec's StopSignal and
// has Linger (during a Stop: what is left of its time) before SIGKILL; then Done is
// closed. Done does not wait for pipes: a process that left the group (setsid) may
// hold them for ever. Whoever reads them sets a deadline (os.File.SetReadDeadline)
// when Done is closed.
//
// # What may be lost
//
// Nothing of the output is dropped here: long lines come in pieces. Status is lost
// when somebody else in the program waits for all children (wait4 with -1), which
// Exit then says. When this program dies, SIGKILL included, the Linux kernel kills
// each leader and its group; who has left the group (setsid) lives on. On other
// systems they live on unless they end by themselves, as when a pipe closes. To catch
// those too something has to outlive the program: a service manager or a container.
//
// # Who may call
//
// Any goroutine may call the methods of a Process and of a Cgroup. A LineReader and
// a Notifier belong to one goroutine at a time, which Close of the file, or of the
// Notifier, releases.
//
// # How it stops
//
// Each process owns one goroutine, locked to the thread that forked it, until Done
// is closed. There is nothing else that runs, and nothing at package level.
//
// # Systems
//
// Linux has all of it. Darwin and the BSDs have no parent death signal, CPUs, Nodes,
// Cgroup or Notifier; what is asked of these is an error. Elsewhere everything
// compiles and Start returns an error that is [ErrUnsupported].
package osproc
