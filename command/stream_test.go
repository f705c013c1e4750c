//go:build unix

package command_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/command"
)

func TestF4_StdinIsAMailbox(t *testing.T) {
	spec := play("echo")
	spec.Stdin = true
	r := rigOn(t, spec, temporary)
	const n = 300
	for i := range n {
		switch text := strconv.Itoa(i) + "\n"; i % 3 {
		case 0:
			r.tell(text)
		case 1:
			r.tell([]byte(text))
		case 2:
			r.tell(command.Input{Text: text})
		}
	}
	if got, err := bastion.Ask(context.Background(), r.ref(), command.Input{Text: "asked\n"}); got != 6 || err != nil {
		t.Errorf("written: %d %v", got, err)
	}
	for i := range n {
		r.want(strconv.Itoa(i))
	}
	r.want("asked")
	r.tell(command.CloseInput{})
	if err := r.end(); err != nil {
		t.Errorf("echo at its input's end: %v", err)
	}
}

func TestF4_WithoutStdinInputIsUnhandled(t *testing.T) {
	r := rigOn(t, play("deaf"), bastion.ChildSpec{})
	r.want("up")
	if _, err := bastion.Ask(context.Background(), r.ref(), command.Input{Text: "x"}); !errors.Is(err, bastion.ErrUnhandled) {
		t.Error(err)
	}
}

// What a deaf command is sent fills its pipe and then its mailbox. That holds up neither a stop nor a drain, and the
// books know where everything is (rig.stop looks).
func TestF4_BlockedStdinHoldsUpNothing(t *testing.T) {
	for name, stop := range map[string]func(*rig) error{
		"stop":  func(r *rig) error { return r.ref().Stop(context.Background()) },
		"drain": func(r *rig) error { return r.ref().Drain(context.Background()) },
		"kill":  func(r *rig) error { return r.ref().Kill(context.Background()) },
	} {
		t.Run(name, func(t *testing.T) {
			spec := play("deaf")
			spec.Stdin = true
			r := rigOn(t, spec, bastion.ChildSpec{Shutdown: 4 * time.Second})
			r.want("up")
			letters := r.sys.DeadLetters(8)
			defer letters.Close()
			r.tell(strings.Repeat("x", 1<<20)) // no pipe holds that
			r.tell("more")
			if err := stop(r); err != nil {
				t.Error(err)
			}
			if err := r.end(); err == nil {
				t.Error("ended by itself")
			}
			r.stop()
		})
	}
}

func TestF4_FloodArrivesWholeAndInOrder(t *testing.T) {
	const n = 200_000
	r := rigOn(t, play("flood", strconv.Itoa(n)), temporary)
	for i := range n {
		if l := r.line(); l.Text != strconv.Itoa(i) || l.Truncated || l.Lost > 0 || l.Stream != command.Stdout {
			t.Fatalf("line %d is %+v", i, l)
		}
	}
	if err := r.end(); err != nil {
		t.Error(err)
	}
}

func TestF4_OutputHeldOpenByWhoEscapedIsNotWaitedFor(t *testing.T) {
	r := rigOn(t, play("escape"), temporary)
	pid := 0
	for pid == 0 { // what escaped has a line of its own, before or after
		_, _ = fmt.Sscanf(r.line().Text, "escaped %d", &pid)
	}
	defer syscall.Kill(pid, syscall.SIGKILL)
	if err := r.end(); err != nil {
		t.Error(err)
	}
}

func TestF4_LinesWithoutAnEndAndLongOnes(t *testing.T) {
	spec := play("print", strings.Repeat("0123456789", 5))
	spec.Stdout.Longest = 32
	r := rigOn(t, spec, temporary)
	if l := r.line(); l != (command.Line{Stream: command.Stdout, Text: "01234567890123456789012345678901", Truncated: true}) {
		t.Errorf("%+v", l)
	}
	if l := r.line(); l != (command.Line{Stream: command.Stdout, Text: "234567890123456789"}) {
		t.Errorf("%+v", l)
	}
}

func TestF4_LinesThatNobodyTakesAreCounted(t *testing.T) {
	sys, err := bastion.New(bastion.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	gone, err := sys.Supervise(bastion.SupervisorSpec{Name: "g", Children: []bastion.ChildSpec{{Name: "gone", Start: bastion.Handle(
		func() bastion.Receiver {
			return bastion.ReceiverFunc(func(*bastion.Context, any) error { return nil })
		})}}})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	if err := errors.Join(sys.Start(ctx), sys.Stop(ctx)); err != nil {
		t.Fatal(err)
	}
	spec := play("tree", "obey", "die", "9")
	spec.Stdout.To = gone.Child("gone")
	var exit *command.ExitError
	if err := rigOn(t, spec, temporary).end(); !errors.As(err, &exit) || exit.LinesLost != 1 {
		t.Errorf("%+v", err)
	}
}

func TestF4_LinesGoToTheLog(t *testing.T) {
	records := make(chan string, 8)
	spec := play("exit", "4")
	spec.Logger = slog.New(slog.NewTextHandler(writer(func(p []byte) { records <- string(p) }), &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}}))
	spec.Stderr = command.Output{Level: slog.LevelWarn, Prefix: "it said: ", Attrs: []slog.Attr{slog.Int("shard", 7)}}
	rigOn(t, spec, temporary).end()
	want := fmt.Sprintln(`level=WARN msg="it said: last words" process=/t/s/c stream=stderr shard=7`)
	if got := recv(t, "record", records); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

type writer func([]byte)

func (w writer) Write(p []byte) (int, error) { w(p); return len(p), nil }
