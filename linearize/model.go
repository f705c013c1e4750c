package linearize

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

// A Model is a state as one client alone would see it.
type Model[In, Out, State any] struct {
	// Init is the state at the beginning. Nil: its zero value.
	Init func() State
	// Apply is what one operation makes of the state, and its answer. It must not
	// change the state that it is given, but return another.
	Apply func(state State, in In) (State, Out)
	// Key says which part of the state an operation is about: those about different
	// keys are checked apart, which is far faster. Nil: all are about one.
	Key func(in In) string
	// Limit is how long a check may take. Zero: ten seconds.
	Limit time.Duration
}

// A Result says what a check came to.
type Result struct {
	// OK: there is an order of the operations that explains all answers.
	OK bool
	// Unknown: there was not time enough to tell.
	Unknown bool
	// Text says for people what could not be explained: the operations on the key
	// concerned, as they began and ended.
	Text string
}

const defaultLimit = 10 * time.Second

// Check asks whether what was recorded can be explained.
func (m Model[In, Out, State]) Check(r *Recorder[In, Out]) Result {
	limit := m.Limit
	if limit == 0 {
		limit = defaultLimit
	}
	began := time.Now()
	for key, ops := range m.parts(r) {
		switch porcupine.CheckOperationsTimeout(m.porcupine(), ops, limit-time.Since(began)) {
		case porcupine.Illegal:
			return Result{Text: describe(key, m.shortest(ops))}
		case porcupine.Unknown:
			return Result{Unknown: true, Text: fmt.Sprintf("not decided within %v: %d operations on %q", limit, len(ops), key)}
		}
		if time.Since(began) >= limit {
			return Result{Unknown: true, Text: fmt.Sprintf("not decided within %v", limit)}
		}
	}
	return Result{OK: true}
}

// Verify fails the test if what was recorded cannot be explained, or not decided.
func (m Model[In, Out, State]) Verify(t testing.TB, r *Recorder[In, Out]) {
	t.Helper()
	if got := m.Check(r); !got.OK {
		t.Errorf("linearize: %s", got.Text)
	}
}

// answer is what an operation returned, if that is known.
type answer[Out any] struct {
	out   Out
	known bool
}

// porcupine is the model in the words of that package.
func (m Model[In, Out, State]) porcupine() porcupine.Model {
	return porcupine.Model{
		Init: func() any {
			if m.Init == nil {
				var zero State
				return zero
			}
			return m.Init()
		},
		Step: func(state, in, out any) (bool, any) {
			next, want := m.Apply(state.(State), in.(In))
			got := out.(answer[Out])
			return !got.known || reflect.DeepEqual(got.out, want), next
		},
		Equal: reflect.DeepEqual,
	}
}

// parts are the operations by key. One that has no answer has not returned: it may
// take effect after everything else, where nobody sees it.
func (m Model[In, Out, State]) parts(r *Recorder[In, Out]) map[string][]porcupine.Operation {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make(map[string][]porcupine.Operation)
	for i, o := range r.ops {
		key := ""
		if m.Key != nil {
			key = m.Key(o.in)
		}
		op := porcupine.Operation{ClientId: i, Input: o.in, Call: o.call, Output: answer[Out]{o.out, o.known}, Return: o.ret}
		if !o.known {
			op.Return = r.clock + 1 + int64(i)
		}
		all[key] = append(all[key], op)
	}
	return all
}

// shortest is the shortest beginning that cannot be explained: what began later
// has nothing to do with it.
func (m Model[In, Out, State]) shortest(ops []porcupine.Operation) []porcupine.Operation {
	for n := 1; n < len(ops); n++ {
		if porcupine.CheckOperationsTimeout(m.porcupine(), ops[:n], time.Second) == porcupine.Illegal {
			return ops[:n]
		}
	}
	return ops
}

func describe(key string, ops []porcupine.Operation) string {
	var b strings.Builder
	fmt.Fprintf(&b, "no order of these operations on %q explains their answers (each with the times at which it began and ended):", key)
	const shown = 20
	if n := len(ops) - shown; n > 0 {
		fmt.Fprintf(&b, "\n\t(%d before)", n)
		ops = ops[n:]
	}
	for _, o := range ops {
		out := reflect.ValueOf(o.Output)
		if known := out.FieldByName("known").Bool(); known {
			fmt.Fprintf(&b, "\n\t%d-%d: %v: %v", o.Call, o.Return, o.Input, out.FieldByName("out"))
		} else {
			fmt.Fprintf(&b, "\n\t%d-: %v: no answer", o.Call, o.Input)
		}
	}
	return b.String()
}
