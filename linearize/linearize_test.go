package linearize_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/bastiontest"
	"github.com/bastion-go/bastion/linearize"
)

type (
	in  = linearize.MapIn[string, int]
	out = linearize.MapOut[int]
	// request is an operation on its way.
	request struct {
		bastion.Returns[out]
		in
	}
)

// A replica is a register that tells another of what is written to it.
type replica struct {
	held  map[string]out
	other func() bastion.Ref // zero: there is none
	late  bool               // answers before the other knows: the mistake
}

// written is what one replica tells the other.
type written struct {
	bastion.Returns[struct{}]
	in
}

func (r *replica) apply(x in) {
	switch x.Op {
	case linearize.OpPut:
		r.held[x.Key] = out{Value: x.Value, Found: true}
	case linearize.OpDelete:
		delete(r.held, x.Key)
	}
}

func (r *replica) Receive(ctx *bastion.Context, msg any) error {
	switch m := msg.(type) {
	case written:
		r.apply(m.in)
		if r.late {
			return nil // it was told
		}
		return m.Reply(ctx, struct{}{})
	case request:
		if m.Op == linearize.OpGet {
			return m.Reply(ctx, r.held[m.Key])
		}
		r.apply(m.in)
		if r.late {
			_ = m.Reply(ctx, out{})
			return r.other().Tell(ctx, written{in: m.in})
		}
		if _, err := bastion.Ask(ctx, r.other(), written{in: m.in}); err != nil {
			return err
		}
		return m.Reply(ctx, out{})
	}
	return ctx.Unhandled()
}

// history runs three clients on two replicas, all of whose writes go to the first, and records what they see.
func history(s *bastiontest.Sim, late bool) *linearize.Recorder[in, out] {
	var refs [2]bastion.Ref
	spec := bastion.SupervisorSpec{Name: "sup"}
	for i := range refs {
		spec.Children = append(spec.Children, bastion.ChildSpec{Name: fmt.Sprint("r", i), Start: bastion.Handle(func() bastion.Receiver {
			return &replica{held: map[string]out{}, late: late, other: func() bastion.Ref { return refs[1-i] }}
		})})
	}
	sys := s.System(bastion.Config{}, spec)
	for i := range refs {
		refs[i] = sys.Root().Supervisor("sup").Child(fmt.Sprint("r", i))
	}
	var r linearize.Recorder[in, out]
	left := 3
	for c := range left {
		s.Go(fmt.Sprint("client ", c), func() {
			defer func() { left-- }()
			for n := range 5 {
				x, to := linearize.Get[string, int](string(rune('a'+s.Choose(2)))), refs[1]
				if s.Choose(3) == 0 {
					x, to = linearize.Put(x.Key, c*100+n), refs[0]
				}
				_, _ = r.Do(x, func() (out, error) { return bastion.Ask(context.Background(), to, request{in: x}) })
			}
		})
	}
	s.Until("the clients", func() bool { return left == 0 })
	return &r
}

func TestMap_AReplicaThatIsAskedIsLinearizable(t *testing.T) {
	bastiontest.Options{Seeds: 100}.Run(t, func(s *bastiontest.Sim) {
		// Reads go to the second, which knows of every write before that is answered.
		r := history(s, false)
		if r.Len() != 15 {
			s.Errorf("%d operations", r.Len())
		}
		linearize.Map[string, int]().Verify(s, r)
	})
}

func TestMap_AReplicaThatIsToldIsNot(t *testing.T) {
	found := 0
	bastiontest.Options{Seeds: 100, Parallel: 1}.Run(t, func(s *bastiontest.Sim) {
		got := linearize.Map[string, int]().Check(history(s, true))
		if got.Unknown {
			s.Error(got.Text)
		}
		if !got.OK {
			if found++; !strings.Contains(got.Text, "get ") || !strings.Contains(got.Text, "put ") {
				s.Error(got.Text)
			}
		}
	})
	if found == 0 {
		t.Error("no seed shows a stale read")
	}
}

// record is a story of operations that do not overlap, with errors where one is nil.
func record(r *linearize.Recorder[in, out], x in, answer out, err error) {
	_, _ = r.Do(x, func() (out, error) { return answer, err })
}

func TestRecorder_UnknownFates(t *testing.T) {
	lost := errors.New("no answer")
	for name, c := range map[string]struct {
		found bool
		value int
		ok    bool
	}{"it happened": {true, 1, true}, "it did not": {false, 0, true}, "something else did": {true, 2, false}} {
		var r linearize.Recorder[in, out]
		record(&r, linearize.Put("a", 1), out{}, lost)
		record(&r, linearize.Get[string, int]("a"), out{Value: c.value, Found: c.found}, nil)
		if got := linearize.Map[string, int]().Check(&r); got.OK != c.ok || got.Unknown {
			t.Errorf("%s: %+v", name, got)
		}
	}
	var r linearize.Recorder[in, out]
	_, _ = r.Try(linearize.Put("a", 1), func() (out, bool, error) { return out{}, false, lost })
	record(&r, linearize.Get[string, int]("a"), out{Value: 1, Found: true}, nil)
	if got := linearize.Map[string, int]().Check(&r); got.OK {
		t.Error("what did not happen was read")
	}
}

// A check that takes too long says so, and is no pass.
func TestModel_NoTime(t *testing.T) {
	var r linearize.Recorder[in, out]
	for i := range 200 {
		record(&r, linearize.Put("a", i), out{}, errors.New("no answer"))
	}
	record(&r, linearize.Get[string, int]("a"), out{Value: -1, Found: true}, nil)
	m := linearize.Map[string, int]()
	m.Limit = 50 * time.Millisecond
	if got := m.Check(&r); got.OK {
		t.Errorf("%+v", got)
	}
}
