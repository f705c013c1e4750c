package command

import (
	"context"
	"log/slog"
	"os"
	"sync/atomic"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/internal/osproc"
)

// A reader reads one stream of the command, on a goroutine of the incarnation.
type reader struct {
	c      *command
	stream Stream
	out    Output
	pipe   *os.File
	done   chan struct{}
	lost   atomic.Uint64 // written by the reader's goroutine, read by whoever reports
	since  int           // lost since the last Line that was accepted
	told   bool          // that lines are lost
}

// open makes the pipe of a stream, or takes its file. What it returns is for the
// command; ours is closed after the start.
func (c *command) open(stream Stream, out Output) (theirs *os.File, ours bool, err error) {
	if out.File != nil {
		return out.File, false, nil
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, false, err
	}
	c.readers = append(c.readers, &reader{c: c, stream: stream, out: out, pipe: r, done: make(chan struct{})})
	return w, true, nil
}

// run reads until the stream ends, or until its deadline, which is set when the
// command has ended: somebody who left its process group may hold it open.
func (r *reader) run(ctx *bastion.Context) error {
	defer close(r.done)
	lines := osproc.NewLineReader(r.pipe, r.out.Longest)
	for {
		line, err := lines.Next()
		if err != nil {
			return nil // its end; what else there could be is the deadline's
		}
		r.take(ctx, line)
	}
}

func (r *reader) take(ctx *bastion.Context, line osproc.Line) {
	if r.stream == Stderr {
		r.c.last.add(line.Text)
	}
	if re := r.c.spec.Ready.Line; re != nil && re.MatchString(line.Text) {
		r.c.setReady()
	}
	switch {
	case r.out.Discard:
	case r.out.To.IsZero():
		r.log(line)
	default:
		r.tell(ctx, line)
	}
}

func (r *reader) tell(ctx *bastion.Context, line osproc.Line) {
	err := r.out.To.Tell(ctx, Line{Stream: r.stream, Text: line.Text, Truncated: line.Truncated, Lost: r.since})
	if err == nil {
		r.since = 0
		return
	}
	r.since++
	r.lost.Add(1)
	if !r.told {
		r.told = true
		r.c.say(slog.LevelWarn, "command: lines are lost, because their receiver does not take them",
			"stream", r.stream.String(), "receiver", r.out.To.Path(), "error", err)
	}
}

func (r *reader) log(line osproc.Line) {
	attrs := make([]slog.Attr, 0, 3+len(r.out.Attrs))
	attrs = append(attrs, slog.String("process", r.c.path), slog.String("stream", r.stream.String()))
	if line.Truncated {
		attrs = append(attrs, slog.Bool("truncated", true))
	}
	attrs = append(attrs, r.out.Attrs...)
	r.c.log.LogAttrs(context.Background(), r.out.Level, r.out.Prefix+line.Text, attrs...)
}
