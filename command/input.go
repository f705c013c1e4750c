package command

import (
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/bastion-go/bastion"
)

// An input is the command's stdin. The loop gives it one piece at a time and waits,
// so that a message is handled when it is written; that it waits for a channel and
// not for the pipe lets it notice everything else meanwhile.
type input struct {
	pipe   *os.File
	pieces chan string
	wrote  chan error // with room for one, so that nobody waits for a loop that has left
}

// run writes until the loop closes pieces; closing the pipe ends a blocked write.
func (in *input) run(*bastion.Context) error {
	for piece := range in.pieces {
		_, err := io.WriteString(in.pipe, piece)
		in.wrote <- err
	}
	return in.pipe.Close()
}

// take handles one message. False: the command, or the incarnation, ended before it
// was written.
func (c *command) take(ctx *bastion.Context, msg any) bool {
	switch m := msg.(type) {
	case []byte:
		return c.write(ctx, string(m), nil)
	case string:
		return c.write(ctx, m, nil)
	case Input:
		return c.write(ctx, m.Text, func() { _ = m.Reply(ctx, len(m.Text)) }) // told: nobody asked
	case CloseInput:
		c.closeInput()
	case Signal:
		if err := c.proc.Signal(m.Signal); err != nil {
			c.say(slog.LevelWarn, "command: signal not sent", "signal", m.Signal.String(), "error", err)
		}
	case Inspect:
		_ = m.Reply(ctx, c.report()) // told: nobody asked
	default:
		_ = ctx.Unhandled()
	}
	return true
}

func (c *command) write(ctx *bastion.Context, text string, written func()) bool {
	if c.in == nil {
		_ = ctx.Unhandled()
		return true
	}
	c.in.pieces <- text // its goroutine waits for it: the last piece was waited for
	for {
		select {
		case err := <-c.in.wrote:
			if err != nil {
				return c.refused(ctx, err)
			}
			if written != nil {
				written()
			}
			return true
		case <-c.wake:
			c.progress(ctx)
		case <-c.proc.Done():
			return c.late(ctx)
		case <-ctx.Done():
			_ = c.stdin.Close()
			_ = ctx.Unhandled()
			return false
		}
	}
}

// closingTime is how long a command that does not take its input may still be about
// to end. Until then it is not known whether it only closed its stdin, and no other
// message is taken, because they are the next incarnation's.
const closingTime = time.Second

// refused deals with a message whose writing failed.
func (c *command) refused(ctx *bastion.Context, err error) bool {
	c.closeInput()
	t := time.NewTimer(closingTime)
	defer t.Stop()
	for {
		select {
		case <-c.wake:
			c.progress(ctx)
		case <-c.proc.Done():
			return c.late(ctx)
		case <-ctx.Done():
			_ = ctx.Unhandled()
			return false
		case <-t.C:
			c.say(slog.LevelWarn, "command: does not read its stdin any more", "error", err)
			_ = ctx.Unhandled()
			return true
		}
	}
}

// late leaves the message in hand to the failure of the command, which is what it
// failed with; if that ended in order, nobody handled it.
func (c *command) late(ctx *bastion.Context) bool {
	if c.proc.Exit().Success() {
		_ = ctx.Unhandled()
	}
	return false
}

func (c *command) closeInput() {
	if c.in != nil {
		close(c.in.pieces)
		c.in = nil
	}
}
