package bastiontest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
)

// victims are a handler and a loop that count what they get.
func victims(got map[string]int) bastion.SupervisorSpec {
	loop := bastion.Loop(func(ctx *bastion.Context) error {
		for {
			if _, err := ctx.Recv(); err != nil {
				return err
			}
			got["loop"]++
		}
	})
	return bastion.SupervisorSpec{Name: "sup", Intensity: bastion.Unlimited, Children: []bastion.ChildSpec{
		{Name: "handler", Shutdown: time.Second, Start: handle(func(*bastion.Context, any) error { got["handler"]++; return nil })},
		{Name: "loop", Shutdown: time.Second, Start: loop},
	}}
}

func TestFault_ByPlanOnMessages(t *testing.T) {
	for name, c := range map[string]struct {
		do       Effect
		restarts int
		handled  int
		reason   string
	}{
		"panic":  {Panic{Value: "ouch"}, 1, 2, "ouch"},
		"panic0": {Panic{}, 1, 2, ErrFault.Error()},
		"error":  {Fail{Err: errors.New("ill")}, 1, 2, "ill"},
		"error0": {Fail{}, 1, 2, ErrFault.Error()},
		"kill":   {Kill{}, 1, 3, "killed"},
		"slow":   {Slow{By: time.Minute}, 0, 3, ""},
	} {
		for _, who := range []string{"handler", "loop"} {
			t.Run(name+" "+who, func(t *testing.T) {
				f := Fault{On: "/bastion/sup/" + who, Nth: 2, Do: c.do}
				Options{Seeds: 30, Faults: []Fault{f}}.Run(t, func(s *Sim) {
					got := map[string]int{}
					sys := s.System(bastion.Config{}, victims(got))
					spy := s.Spy(sys)
					ref := s.Ref(f.On)
					for i := range 3 {
						if err := ref.Tell(s.Context(), i); err != nil {
							s.Error(err)
						}
					}
					s.Sleep(time.Hour)
					if n := spy.Restarts(f.On); n != c.restarts {
						s.Errorf("%d restarts", n)
					}
					// A loop that is killed gets no message any more, and the one in hand is not counted here.
					if n := got[who]; n != c.handled && !(name == "kill" && n == c.handled-1) {
						s.Errorf("%d handled", n)
					}
					if c.restarts > 0 && !strings.Contains(spy.Expect(0, bastion.EventFailed, f.On).Reason.Error(), c.reason) {
						s.Errorf("failed with %v", spy.Events())
					}
				})
			})
		}
	}
}

func TestFault_HangsAndIsAbandoned(t *testing.T) {
	for _, who := range []string{"handler", "loop"} {
		Options{Seeds: 30, Faults: []Fault{{On: "/bastion/sup/" + who, Nth: 1, Do: Hang{}}}}.Run(t, func(s *Sim) {
			sys := s.System(bastion.Config{}, victims(map[string]int{}))
			spy := s.Spy(sys)
			path := "/bastion/sup/" + who
			_ = s.Ref(path).Tell(s.Context(), 1)
			s.Sleep(time.Hour)
			if err := sys.Root().Supervisor("sup").Restart(s.Context(), who); err != nil {
				s.Error(err)
			}
			if n := spy.Count(bastion.EventAbandoned, path); n != 1 {
				s.Errorf("abandoned %d times", n)
			}
		})
	}
}

func TestFault_Starts(t *testing.T) {
	for _, who := range []string{"handler", "loop"} {
		at := Fault{On: "/bastion/sup/" + who, When: OnStart, Nth: 1, Do: Fail{}}
		Options{Seeds: 30, Faults: []Fault{at}}.Run(t, func(s *Sim) {
			sys := s.New(bastion.Config{})
			_, _ = sys.Supervise(victims(nil))
			if err := sys.Start(s.Context()); !errors.Is(err, ErrFault) {
				s.Errorf("Start: %v", err)
			}
		})
		at.Nth = 2
		Options{Seeds: 30, Faults: []Fault{at}}.Run(t, func(s *Sim) {
			sys := s.System(bastion.Config{}, victims(map[string]int{}))
			_ = s.Ref(at.On).Exit(s.Context(), bastion.ErrKilled)
			s.Settle()
			if n, _ := sys.Inspector().Node(at.On); n.Incarnation != 3 || n.State != bastion.StateRunning {
				s.Errorf("%+v", n)
			}
		})
	}
}

func TestFault_SendsAndTimers(t *testing.T) {
	Options{Seeds: 30}.Run(t, func(s *Sim) {
		s.System(bastion.Config{}, victims(map[string]int{}))
		s.Inject(Fault{On: "/bastion/sup/*", When: OnSend, Chance: 1, Times: 2, Do: Full{}})
		s.Inject(Fault{When: OnTimer, Nth: 2, Do: Late{By: time.Minute}})
		s.Inject(Fault{When: OnTimer, Nth: 3, Do: Lost{}})
		for i, want := range []error{bastion.ErrFull, bastion.ErrFull, nil} {
			if err := s.Ref("/bastion/sup/loop").Tell(s.Context(), i); !errors.Is(err, want) {
				s.Errorf("Tell %d: %v", i, err)
			}
		}
		var fired [3]time.Duration
		for i := range fired {
			s.Clock().AfterFunc(time.Second, func() { fired[i] = s.Elapsed() })
		}
		s.Sleep(time.Hour)
		if fired != [3]time.Duration{time.Second, time.Minute + time.Second, 0} {
			s.Errorf("fired after %v", fired)
		}
	})
}

func TestFault_ByChanceFollowsTheSeedAndIsMadeLess(t *testing.T) {
	o := Options{Seeds: 200, Twice: true, Faults: []Fault{{Chance: 0.05, Do: Panic{}}, {When: OnTimer, Chance: 0.05, Do: Late{By: time.Second}}}}
	o.Run(t, func(s *Sim) {
		s.System(bastion.Config{}, victims(map[string]int{}))
		for i := range 20 {
			_ = s.Ref("/bastion/sup/handler").Tell(s.Context(), i)
			s.Sleep(time.Second)
		}
	})
	j := judged(t, Options{Faults: []Fault{{Chance: 0.3, Do: Fail{}}}}, func(s *Sim) {
		got := map[string]int{}
		sys := s.System(bastion.Config{}, victims(got))
		for i := range 20 {
			_ = s.Ref("/bastion/sup/handler").Tell(s.Context(), i)
		}
		s.Settle()
		if sys.Inspector().Books().Failed >= 2 {
			s.Errorf("two have failed")
		}
	})
	j.wants(t, "two have failed", "(2 of ")
}

// A package that knows of other moments asks for itself.
func TestFault_MomentsOfOthers(t *testing.T) {
	drop := errors.New("dropped")
	Options{Seeds: 10, Faults: []Fault{{When: "frame", On: "/a/*", Nth: 2, Do: EffectFunc(func(m *Moment) error { return drop })}}}.Run(t, func(s *Sim) {
		for i, want := range []error{nil, drop, nil} {
			if err := s.Strike(&Moment{When: "frame", Path: "/a/b", Ctx: s.Context()}); err != want {
				s.Errorf("frame %d: %v", i, err)
			}
		}
	})
}

func TestFault_BadDataNamesTheField(t *testing.T) {
	for field, f := range map[string]Fault{
		"Do":     {Nth: 1},
		"Nth":    {Do: Hang{}},
		"Nth:":   {Do: Hang{}, Nth: 1, Chance: 1},
		"Chance": {Do: Hang{}, Chance: 2},
		"Times":  {Do: Hang{}, Nth: 1, Times: -1},
		"On":     {Do: Hang{}, Nth: 1, On: "["},
		"On:":    {Do: Hang{}, Nth: 1, On: "/x", When: OnTimer},
	} {
		_, err := Options{Faults: []Fault{f}}.check()
		if err == nil || !strings.Contains(err.Error(), "Faults[0]."+field) {
			t.Errorf("%s: %v", field, err)
		}
		judged(t, Options{Seeds: 1}, func(s *Sim) { s.Inject(f) }).wants(t, "Fault."+field)
	}
	for field, o := range map[string]Options{"Seeds": {Seeds: -1}, "Budget": {Budget: -1}, "Parallel": {Parallel: -1}} {
		if _, err := o.check(); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		}
	}
}

// The faults of a config of one's own go on working.
type ownFaults struct{ log *[]string }

func (o ownFaults) Start(ctx *bastion.Context) error {
	*o.log = append(*o.log, "start "+ctx.Self().Name())
	return nil
}

func (o ownFaults) Receive(_ *bastion.Context, msg any) error {
	*o.log = append(*o.log, fmt.Sprint("receive ", msg))
	return nil
}

func (o ownFaults) Send(_ context.Context, to bastion.Ref, _ any) error {
	*o.log = append(*o.log, "send "+to.Name())
	return nil
}

func TestFault_OfTheConfigItself(t *testing.T) {
	Options{Seeds: 5}.Run(t, func(s *Sim) {
		var log []string
		s.System(bastion.Config{Faults: ownFaults{&log}}, victims(map[string]int{}))
		_ = s.Ref("/bastion/sup/handler").Tell(s.Context(), 7)
		s.Settle()
		if got := strings.Join(log, ", "); got != "start handler, start loop, send handler, receive 7" {
			s.Error(got)
		}
	})
}
