package middleware

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/bastion-go/bastion"
)

// ErrTorn is what is said of a message during which the goroutine was torn out: by a panic, or runtime.Goexit. The crash report
// has what it was.
var ErrTorn = errors.New("middleware: panic or Goexit")

// Logging writes a record for each message that is handled and each that is sent, with how long that took. Of a message its
// type is written, unless there is a Format: formatting what others change can end a Go program, and may leak secrets. A loop's
// records say when a message was handed out, not what became of it.
type Logging struct {
	Logger *slog.Logger // nil: slog.Default()
	Level  slog.Level   // zero: Info; what failed is logged as an Error
	Format func(msg any) string
}

// Middleware is it for both sides.
func (l Logging) Middleware() bastion.Middleware {
	if l.Logger == nil {
		l.Logger = slog.Default()
	}
	return bastion.Middleware{Receive: l.receive, Send: l.send}
}

func (l Logging) receive(next bastion.Receive) bastion.Receive {
	return func(ctx *bastion.Context, msg any) (err error) {
		clock := ctx.System().Clock()
		began := clock.Now()
		by, from := ctx.Delivery().String(), ctx.Sender().String()
		err = ErrTorn
		defer func() {
			l.write(ctx, "received", err, clock.Now().Sub(began), slog.String("process", ctx.Self().Path()),
				slog.String("message", l.text(msg)), slog.String("by", by), slog.String("from", from))
		}()
		err = next(ctx, msg)
		return err
	}
}

func (l Logging) send(next bastion.Send) bastion.Send {
	return func(ctx context.Context, out bastion.Outgoing) (err error) {
		clock := out.To.System().Clock()
		began := clock.Now()
		from := ""
		if out.By != nil {
			from = out.By.Self().Path()
		}
		err = ErrTorn
		defer func() {
			l.write(ctx, "sent", err, clock.Now().Sub(began), slog.String("process", from),
				slog.String("message", l.text(out.Message)), slog.String("by", out.Verb.String()), slog.String("to", out.To.String()))
		}()
		err = next(ctx, out)
		return err
	}
}

func (l Logging) write(ctx context.Context, what string, err error, took time.Duration, attrs ...slog.Attr) {
	level := l.Level
	attrs = append(attrs, slog.Duration("took", took))
	if err != nil {
		level = slog.LevelError
		attrs = append(attrs, slog.Any("error", err))
	}
	l.Logger.LogAttrs(ctx, level, what, attrs...)
}

func (l Logging) text(msg any) string {
	if l.Format != nil {
		return l.Format(msg)
	}
	return fmt.Sprintf("%T", msg)
}
