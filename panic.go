package bastion

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
)

const maxFrames = 256

// A PanicError is a panic in user code, kept as an error. Unwrap gives the value
// if that was an error itself.
type PanicError struct {
	Value any // what recover returned
	pcs   []uintptr
	// opaque is set for an error that cannot be asked what it is; see sound.
	opaque bool
}

// caught makes an error of what recover returned where user code did not return:
// nil means runtime.Goexit, since panic(nil) has a value of its own. To be called
// by the deferred function itself, while the stack is still there.
func caught(value any) error {
	e := &PanicError{Value: value, pcs: callers(4)}
	if value == nil {
		return &goexitError{e}
	}
	return e
}

func callers(skip int) []uintptr {
	var few [64]uintptr
	n := runtime.Callers(skip, few[:])
	if n < len(few) {
		return append([]uintptr(nil), few[:n]...)
	}
	many := make([]uintptr, maxFrames)
	return many[:runtime.Callers(skip, many)]
}

func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// Unwrap is the panic's value, if that is an error.
func (e *PanicError) Unwrap() error {
	if e.opaque {
		return nil
	}
	err, _ := e.Value.(error)
	return err
}

// Stack renders the stack at the panic, up to 256 frames.
func (e *PanicError) Stack() string { return render(e.pcs) }

func render(pcs []uintptr) string {
	if len(pcs) == 0 {
		return ""
	}
	var b strings.Builder
	for frames := runtime.CallersFrames(pcs); ; {
		f, more := frames.Next()
		fmt.Fprintf(&b, "%s\n\t%s:%d\n", f.Function, f.File, f.Line)
		if !more {
			return b.String()
		}
	}
}

// goexitError is an ErrGoexit that knows where it happened.
type goexitError struct{ at *PanicError }

func (e *goexitError) Error() string        { return ErrGoexit.Error() }
func (e *goexitError) Is(target error) bool { return target == ErrGoexit }
func (e *goexitError) Stack() string        { return e.at.Stack() }

// stackOf is the stack that a reason carries, if any.
func stackOf(reason error) string {
	var s interface{ Stack() string }
	if errors.As(reason, &s) {
		return s.Stack()
	}
	return ""
}

// A stuckError is the end of an incarnation that failed, and then had to be
// abandoned in its conditions or its stop hook. It is an ErrAbandoned, and the
// first reason.
type stuckError struct{ first error }

func (e *stuckError) Error() string {
	return fmt.Sprintf("%v while it ended because of: %v", ErrAbandoned, e.first)
}
func (e *stuckError) Is(target error) bool { return target == ErrAbandoned }
func (e *stuckError) Unwrap() error        { return e.first }

// An unsoundError stands for an error that panics when it is asked what it is.
type unsoundError struct {
	typ string
	why any
}

func (e *unsoundError) Error() string {
	return fmt.Sprintf("error of type %s, which itself panics: %v", e.typ, e.why)
}

var errProbe = errors.New("bastion: probe")

// sound makes an error of user code one that the runtime may look into. A nil
// pointer in an error, a *fs.PathError for example, panics in Error or Unwrap:
// that must happen here and not in an agenda.
func sound(err error) (out error) {
	if err == nil {
		return nil
	}
	if p, ok := err.(*PanicError); ok {
		if inner, ok := p.Value.(error); ok {
			_, p.opaque = sound(inner).(*unsoundError)
		}
		return p
	}
	defer func() {
		if why := recover(); why != nil {
			out = &unsoundError{typ: fmt.Sprintf("%T", err), why: why}
		}
	}()
	_ = err.Error()
	_ = errors.Is(err, errProbe)
	_ = stackOf(err)
	return err
}

// probe hands then a sound error, also if the error ends the goroutine when it is
// asked what it is.
func probe(err error, then func(error)) {
	out := error(&unsoundError{typ: "unknown", why: ErrGoexit})
	defer func() { then(out) }()
	out = sound(err)
}

// violent reports whether user code was torn out of the middle of something.
func violent(reason error) bool {
	var p *PanicError
	return errors.As(reason, &p) || errors.Is(reason, ErrGoexit)
}

// contain calls f and hands its outcome to then: its error, a PanicError, or an
// ErrGoexit. then is always called, and exactly once, though after a Goexit on a
// goroutine that is about to end.
func contain(f func() error, then func(error)) {
	var err error
	returned := false
	defer func() {
		if !returned {
			err = caught(recover())
		}
		probe(err, then)
	}()
	err = f()
	returned = true
}

// cancellation reports whether err is what code returns that was told to end.
func cancellation(err error) bool {
	return err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, ErrStopping) || errors.Is(err, ErrEnded)
}
