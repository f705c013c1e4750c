package executor

import (
	"fmt"
	"runtime"
	"strings"
)

// PanicError is a panic, or a [runtime.Goexit], that was contained: a future's, or a hook's.
type PanicError struct {
	// Value is what the code panicked with; nil for a Goexit. (A panic with nil has a *runtime.PanicNilError.)
	Value any
	// Goexit says that the code ended its goroutine instead of panicking.
	Goexit bool

	pcs []uintptr // from the place of the panic outwards
}

// maxFrames is how much of a stack a PanicError keeps.
const maxFrames = 256

// newPanicError must be called by the deferred function that recovered value.
func newPanicError(value any) *PanicError {
	pcs := make([]uintptr, maxFrames)
	pcs = pcs[:runtime.Callers(2, pcs)]
	return &PanicError{Value: value, Goexit: value == nil, pcs: append([]uintptr(nil), pcs...)}
}

// Error names the value if it is an error, a string or a number, and else only its type: printing a value that others
// are changing can end the program.
func (p *PanicError) Error() string {
	if p.Goexit {
		return "goroutine ended by runtime.Goexit"
	}
	switch v := p.Value.(type) {
	case error, string, bool, int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64, float32, float64:
		return fmt.Sprint("panic: ", v)
	}
	return fmt.Sprintf("panic: (%T)", p.Value)
}

// Unwrap returns Value if it is an error.
func (p *PanicError) Unwrap() error {
	err, _ := p.Value.(error)
	return err
}

// Stack returns the stack at the panic, innermost frame first, a function and its line at a time. It is made when
// called.
func (p *PanicError) Stack() string {
	var b strings.Builder
	inside := true // the frames of panicking itself, between the recovering function and the panic
	var head strings.Builder
	for frames, more := runtime.CallersFrames(p.pcs), len(p.pcs) > 0; more; {
		var f runtime.Frame
		f, more = frames.Next()
		fmt.Fprintf(&b, "%s\n\t%s:%d\n", f.Function, f.File, f.Line)
		if inside && (f.Function == "runtime.gopanic" || f.Function == "runtime.Goexit") {
			inside = false
			head, b = b, head // forget what came before
			b.Reset()
		}
	}
	return b.String()
}

// contain runs f and contains its panic (not its Goexit: the goroutine is ended then).
func (e *Executor) contain(f func()) {
	returned := false
	defer func() {
		v := recover()
		if returned || v == nil {
			return
		}
		e.hookPanics.Add(1)
		if e.cfg.OnHookPanic == nil {
			return
		}
		p := newPanicError(v)
		defer func() {
			if recover() != nil {
				e.hookPanics.Add(1)
			}
		}()
		e.cfg.OnHookPanic(p)
	}()
	f()
	returned = true
}
