package fort

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"github.com/bastion-go/bastion/fort/internal/decide"
	"github.com/bastion-go/bastion/fort/internal/wire"
	"github.com/bastion-go/bastion/internal/osproc"
)

// A ward is one life of the program, as its guard sees it. It belongs to the
// guard's goroutine.
type ward struct {
	id, slot, incarnation int
	guard                 *guard
	started               time.Time
	anew                  bool   // of the version on disk, not the one that ran
	before                *Crash // of the ward before it
	ready                 bool
	said                  string // by the ward or about it, for the report
	profile               string
	killedAt              time.Time
	abandoned             bool
	end                   ending

	proc *osproc.Process
	conn *wire.Conn // nil: it does not talk
}

func (w *ward) pid() int {
	if w.proc == nil {
		return 0
	}
	return w.proc.PID()
}

func (w *ward) signal(s syscall.Signal) {
	if w.proc != nil {
		_ = w.proc.Signal(s)
	}
}

func (w *ward) kill() {
	if w.proc != nil {
		w.proc.Kill()
	}
}

func (w *ward) ping() {
	if w.conn != nil {
		_ = w.conn.Send(wire.Ping, struct{}{})
	}
}

var words = map[decide.StopReason]string{decide.ForUpgrade: "upgrade", decide.ForMemory: "memory", decide.ForEnd: "end"}

// stop asks the ward to end: in words, or else by SIGTERM. It returns the file of
// the profile that it was asked for.
func (w *ward) stop(why decide.StopReason, profile string) string {
	if w.conn == nil {
		w.signal(syscall.SIGTERM)
		w.signal(resume)
		return ""
	}
	_ = w.conn.Send(wire.Stop, wire.Order{Reason: words[why], Profile: profile})
	return profile
}

func (w *ward) measure() (decide.Event, bool) {
	bytes, err := resident(w.pid())
	return decide.Event{Kind: decide.Memory, Ward: w.id, Bytes: bytes}, err == nil
}

// start runs this program again, as a ward: with a line to the guard at 3, and one
// for what Go writes when it dies at 4.
func (p *self) start(g *guard, w *ward) error {
	conn, theirs, err := wire.Pair()
	if err != nil {
		return err
	}
	defer theirs.Close()
	crash, crashEnd, err := os.Pipe()
	if err != nil {
		conn.Close()
		return err
	}
	defer crashEnd.Close()
	err = p.greet(g, w, conn)
	if err == nil {
		w.proc, err = osproc.Start(osproc.Spec{
			Path: p.file(w.anew), Argv: os.Args, Env: p.environment(),
			Stdin: stdin(), Stdout: os.Stdout, Stderr: os.Stderr,
			Files: []*os.File{theirs, crashEnd},
		})
	}
	if err != nil {
		conn.Close()
		crash.Close()
		return err
	}
	w.conn = conn
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		w.hear()
	}()
	go w.await(crash, heard)
	return nil
}

func (p *self) greet(g *guard, w *ward, conn *wire.Conn) error {
	hello := wire.Greeting{Version: wire.Version, Slot: w.slot, Incarnation: w.incarnation, Inherited: g.keeper.inherited}
	if w.before != nil {
		report, err := json.Marshal(w.before)
		if err != nil {
			return err
		}
		hello.Crash = report
	}
	return conn.Send(wire.Welcome, hello)
}

func (p *self) environment() []string {
	env := osproc.Without(os.Environ(), append(osproc.ManagerVariables, variable)...)
	return append(env, variable+"="+strconv.Itoa(wire.Version)+":3:4")
}

// stdin is the ward's: this one's, unless that is a terminal. The ward is not in
// the terminal's foreground group and would be suspended for reading from it.
func stdin() *os.File {
	if info, err := os.Stdin.Stat(); err != nil || info.Mode()&os.ModeCharDevice != 0 {
		return nil
	}
	return os.Stdin
}

// hear posts what the ward says, until it is gone.
func (w *ward) hear() {
	defer w.conn.Close()
	for {
		f, err := w.conn.Recv()
		if err != nil {
			return
		}
		w.guard.post(func() { w.heard(f) })
	}
}

// lastWords is how long what a ward said may take to arrive when it is gone. It is
// there already, unless a descriptor of it has leaked to a process that lives on.
const lastWords = time.Second

// await is the goroutine of a ward's end.
func (w *ward) await(crash *os.File, heard <-chan struct{}) {
	output := &excerpt{headMax: 256 << 10, tailMax: 64 << 10}
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		_, _ = io.Copy(output, crash)
	}()
	<-w.proc.Done()
	_ = crash.SetReadDeadline(time.Now().Add(lastWords))
	<-drained
	crash.Close()
	timer := time.AfterFunc(lastWords, func() { w.conn.Close() })
	<-heard
	timer.Stop()
	exit := w.proc.Exit()
	end := ending{
		status: decide.Status{Code: exit.Code, Signal: int(exit.Signal)},
		oom:    exit.OutOfMemory,
		output: output.String(),
		dying:  true,
	}
	w.guard.post(func() { w.guard.exited(w, end) })
}

// heard takes one frame, on the guard's goroutine.
func (w *ward) heard(f wire.Frame) {
	g := w.guard
	if g.wards[w.id] != w {
		closeAll(f.FDs)
		return
	}
	switch f.Kind {
	case wire.Hello:
		w.hello(f.Payload)
	case wire.Ready:
		g.ready(w)
	case wire.Beat:
		g.step(decide.Event{Kind: decide.Beat, Ward: w.id})
	case wire.Failed:
		var note wire.Note
		_ = json.Unmarshal(f.Payload, &note)
		w.said = shorten(note.Text, maxSaid)
	case wire.Claim:
		g.keeper.claim(w, f.Payload)
	case wire.Offer:
		g.keeper.offer(w, f.Payload, f.FDs)
		return
	case wire.Upgrade:
		var r wire.Request
		_ = json.Unmarshal(f.Payload, &r)
		g.askUpgrade(func(err error) {
			if err != nil {
				r.Error = err.Error()
			}
			_ = w.conn.Send(wire.Upgraded, r)
		})
	}
	closeAll(f.FDs)
}

func (w *ward) hello(payload []byte) {
	var g wire.Greeting
	if err := json.Unmarshal(payload, &g); err != nil || g.Version < wire.Oldest {
		w.said = "the program's package fort speaks version " + strconv.Itoa(g.Version) + " and the guard none so old: restart the whole program"
		w.kill()
		return
	}
	if !w.guard.config.WaitReady {
		w.guard.ready(w)
	}
}

// upgraded answers those who wait for an upgrade.
func (g *guard) upgraded(failure string) {
	var err error
	if failure != "" {
		if g.failed != nil {
			failure += ": " + g.failed.String()
		}
		err = errors.New(failure)
		g.log.Error("fort: not upgraded", "why", failure)
	} else {
		g.log.Info("fort: upgraded")
	}
	g.failed, g.upgrading = nil, false
	g.program.upgraded(err == nil)
	g.tell(Event{Kind: Upgraded, Err: err})
	waiting := g.upgrade
	g.upgrade = nil
	for _, answer := range waiting {
		answer(err)
	}
}

func isNotFound(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, exec.ErrNotFound)
}
