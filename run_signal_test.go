//go:build unix

package bastion_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
)

// The tests of signals run this test binary once more, as a program whose main function is Run, in a process group of
// its own. It says what it does, line by line, and the test sends the next signal when it has read enough.
const programVariable = "BASTION_TEST_PROGRAM"

func init() {
	name := os.Getenv(programVariable)
	if name == "" {
		return
	}
	program := programs[name]
	program.cfg.Logger = slog.New(slog.DiscardHandler)
	err := bastion.Run(context.Background(), program.cfg, bastion.SupervisorSpec{Name: "sup", Children: []bastion.ChildSpec{program.child}})
	if err == nil {
		say("in order")
		os.Exit(0)
	}
	say("killed %v, abandoned %v", errors.Is(err, bastion.ErrKilled), errors.Is(err, bastion.ErrAbandoned))
	for line := range strings.Lines(err.Error()) {
		say("%s", strings.TrimSpace(line))
	}
	os.Exit(3)
}

func say(format string, args ...any) { fmt.Printf(format+"\n", args...) }

type program struct {
	cfg   bastion.Config
	child bastion.ChildSpec
}

// eternity is what no test waits for.
const eternity = 24 * time.Hour

var programs = map[string]program{
	"obedient": {child: bastion.ChildSpec{Name: "c", Start: bastion.Loop(func(ctx *bastion.Context) error {
		say("up")
		<-ctx.Done()
		say("stopping, ready %v", ctx.System().Health().Ready.OK)
		return ctx.Err()
	})}},
	"deaf": {
		cfg: bastion.Config{Shutdown: eternity},
		child: bastion.ChildSpec{Name: "c", Shutdown: bastion.UnlimitedShutdown, Start: bastion.Loop(func(ctx *bastion.Context) error {
			say("up")
			<-ctx.Done()
			say("stopping, ready %v", ctx.System().Health().Ready.OK)
			select {}
		})},
	},
	"busy": { // a handler's Context ends with the kill alone
		cfg: bastion.Config{Shutdown: eternity},
		child: bastion.ChildSpec{Name: "c", Shutdown: bastion.UnlimitedShutdown, Callbacks: bastion.Callbacks{
			AfterStart: func(ctx *bastion.Context) error { return ctx.Self().Tell(ctx, "work") },
		}, Start: bastion.Handle(func() bastion.Receiver {
			return bastion.ReceiverFunc(func(ctx *bastion.Context, _ any) error {
				say("up")
				<-ctx.Stopping()
				say("stopping, ready %v", ctx.System().Health().Ready.OK)
				<-ctx.Done()
				return nil
			})
		})},
	},
	"starting": {child: bastion.ChildSpec{Name: "c", WaitReady: true, Start: bastion.Loop(func(ctx *bastion.Context) error {
		say("up")
		<-ctx.Done()
		say("stopping, ready %v", ctx.System().Health().Ready.OK)
		return ctx.Err()
	})}},
	"duck": {
		cfg: bastion.Config{Shutdown: eternity, LameDuck: eternity / 2},
		child: bastion.ChildSpec{Name: "c", Start: bastion.Loop(func(ctx *bastion.Context) error {
			for _, ready := range []bool{true, false} { // it is not before the system has started
				for ctx.System().Health().Ready.OK != ready {
					if err := ctx.Sleep(time.Millisecond); err != nil {
						return err
					}
				}
				if ready {
					say("up")
				}
			}
			say("stopping, ready %v", ctx.System().Health().Ready.OK)
			<-ctx.Done()
			return ctx.Err()
		})},
	},
}

// A child program under test.
type running struct {
	t     *testing.T
	cmd   *exec.Cmd
	lines chan string
}

func runProgram(t *testing.T, name string) *running {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), programVariable+"="+name)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // if the test gave up
	r := &running{t: t, cmd: cmd, lines: make(chan string, 256)}
	go r.read(out)
	return r
}

func (r *running) read(out io.Reader) {
	defer close(r.lines)
	for s := bufio.NewScanner(out); s.Scan(); {
		r.lines <- s.Text()
	}
}

func (r *running) expect(line string) {
	r.t.Helper()
	select {
	case got := <-r.lines:
		if got != line {
			r.t.Fatalf("%q, want %q", got, line)
		}
	case <-time.After(rigLimit):
		r.send(syscall.SIGQUIT) // it says where it hangs
		_ = r.cmd.Wait()
		r.t.Fatalf("the program hangs, and does not say %q", line)
	}
}

func (r *running) send(sig syscall.Signal) {
	r.t.Helper()
	if err := r.cmd.Process.Signal(sig); err != nil {
		r.t.Fatal(err)
	}
}

// ends reads the rest of what it says and compares its exit status.
func (r *running) ends(status int) (rest string) {
	r.t.Helper()
	for line, open := "", true; open; {
		select {
		case line, open = <-r.lines:
			rest += line + "\n"
		case <-time.After(rigLimit):
			r.t.Fatalf("the program does not end; so far:\n%s", rest)
		}
	}
	_ = r.cmd.Wait()
	if code := r.cmd.ProcessState.ExitCode(); code != status {
		r.t.Errorf("exit status %d (%v), want %d; it said:\n%s", code, r.cmd.ProcessState, status, rest)
	}
	return rest
}

func TestH4_ASignalStopsInOrder(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		for _, name := range []string{"obedient", "starting"} {
			t.Run(name+"/"+sig.String(), func(t *testing.T) {
				r := runProgram(t, name)
				r.expect("up")
				r.send(sig)
				r.expect("stopping, ready false")
				r.expect("in order")
				r.ends(0)
			})
		}
	}
}

func TestH4_ASecondSignalKills(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		for _, name := range []string{"deaf", "busy", "duck"} {
			t.Run(name+"/"+sig.String(), func(t *testing.T) {
				r := runProgram(t, name)
				r.expect("up")
				r.send(sig)
				r.expect("stopping, ready false")
				r.send(sig)
				r.expect(fmt.Sprintf("killed true, abandoned %v", name == "deaf"))
				rest := r.ends(3)
				if !strings.Contains(rest, "second signal ("+sig.String()+")") {
					t.Errorf("it does not say why:\n%s", rest)
				}
				if name == "deaf" && !strings.Contains(rest, "/bastion/sup/c (incarnation 1)") {
					t.Errorf("it does not say what was abandoned:\n%s", rest)
				}
			})
		}
	}
}
