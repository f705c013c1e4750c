package mutants

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/bastiontest"
)

// Siblings go down in reverse order and come up in order, after all are down.
func TestProperty_OrderOfRestartsAndStops(t *testing.T) {
	for strategy, want := range map[bastion.Strategy]string{
		bastion.OneForOne:  "stop b@1 boom, start b@2, stop c@1, stop b@2, stop a@1",
		bastion.RestForOne: "stop c@1, start b@2, start c@2, stop c@2, stop b@2, stop a@1",
		bastion.OneForAll:  "stop c@1, stop a@1, start a@2, start b@2, start c@2, stop c@2, stop b@2, stop a@2",
	} {
		t.Run(strategy.String(), func(t *testing.T) {
			options.Run(t, func(s *bastiontest.Sim) {
				x := begin(s, bastion.SupervisorSpec{Strategy: strategy}, func(x *stage) []bastion.ChildSpec {
					return []bastion.ChildSpec{x.handler("a"), x.loop("b"), x.handler("c")}
				})
				for _, name := range []string{"c", "a", "b"} {
					x.tell(name, 1)
				}
				x.tell("b", order(func(*bastion.Context) error { return errBoom }))
				s.Settle()
				x.stopsAtOnce()
				all := strings.Join(x.said, ", ")
				all = strings.ReplaceAll(strings.ReplaceAll(all, " bastion: shut down", ""), " bastion: told to stop", "")
				whole := "start a@1, start b@1, start c@1, stop b@1 boom, " + strings.TrimPrefix(want, "stop b@1 boom, ")
				if all != whole {
					s.Errorf("got  %s\nwant %s", all, whole)
				}
			})
		})
	}
}

// An ask comes back, whatever becomes of whom it was put to, and its answer reaches the incarnation that asked or nobody.
func TestProperty_AsksComeBack(t *testing.T) {
	keep := func(ctx *bastion.Context, q question) error { return q.Hold(ctx) }
	forget := func(*bastion.Context, question) error { return nil }
	options.Run(t, func(s *bastiontest.Sim) {
		x := begin(s, bastion.SupervisorSpec{Intensity: bastion.Unlimited}, both)
		for _, name := range []string{"handler", "loop"} {
			ref := x.sup.Child(name)
			ask := func(how func(*bastion.Context, question) error) func() {
				return func() {
					_, _ = bastion.Ask(s.Context(), ref, question{how: how})
					_, _ = bastion.Ask(s.Context(), ref, question{how: how})
				}
			}
			x.all("asks of "+name, ask(answered), ask(keep), ask(forget), ask(keep),
				func() { _ = ref.Tell(s.Context(), order(func(*bastion.Context) error { return errBoom })) },
				func() {
					if s.Choose(2) == 0 {
						s.Settle()
					}
					if err := ref.Stop(s.Context()); err != nil {
						s.Error(err)
					}
				})
		}
		if s.Elapsed() > 0 {
			s.Errorf("it took %v", s.Elapsed())
		}
	})
}

func TestProperty_AnswersReachTheIncarnationThatAsked(t *testing.T) {
	options.Run(t, func(s *bastiontest.Sim) {
		slow := func(ctx *bastion.Context, q question) error {
			if err := ctx.Sleep(time.Duration(s.Choose(3)) * time.Second); err != nil {
				return err
			}
			_ = q.Reply(ctx, 1)
			return nil
		}
		x := begin(s, bastion.SupervisorSpec{Intensity: bastion.Unlimited}, both)
		for range 3 {
			x.tell("handler", order(func(ctx *bastion.Context) error {
				inc := ctx.Incarnation()
				return bastion.AskThen(ctx, x.sup.Child("loop"), question{how: slow}, func(ctx *bastion.Context, _ int, _ error) error {
					if ctx.Incarnation() != inc {
						s.Errorf("an answer for incarnation %d came to %d", inc, ctx.Incarnation())
					}
					return nil
				})
			}))
			s.Sleep(time.Duration(s.Choose(3)) * time.Second)
			x.tell("handler", order(func(*bastion.Context) error { return errBoom }))
		}
		s.Sleep(time.Hour)
	})
}

// A monitor says once of each incarnation that it has ended, a link takes the other along, and neither after it was taken
// back.
func TestProperty_MonitorsAndLinks(t *testing.T) {
	options.Run(t, func(s *bastiontest.Sim) {
		var downs []uint64
		watcher := bastion.ChildSpec{Name: "watcher", Start: bastion.Handle(func() bastion.Receiver {
			return bastion.ReceiverFunc(func(ctx *bastion.Context, msg any) error {
				if d, ok := msg.(bastion.Down); ok {
					downs = append(downs, d.Incarnation)
					return nil
				}
				return react(ctx, msg)
			})
		})}
		x := begin(s, bastion.SupervisorSpec{Intensity: bastion.Unlimited}, func(x *stage) []bastion.ChildSpec {
			return append(both(x), watcher, x.handler("friend"))
		})
		var m bastion.Monitor
		x.tell("watcher", order(func(ctx *bastion.Context) (err error) {
			m, err = ctx.Monitor(x.sup.Child("loop"), bastion.EachIncarnation)
			return err
		}))
		x.tell("friend", order(func(ctx *bastion.Context) error { return ctx.Link(x.sup.Child("loop")) }))
		s.Settle()
		fail := order(func(*bastion.Context) error { return errBoom })
		x.tell("loop", fail)
		s.Settle()
		x.tell("loop", fail)
		x.tell("loop", fail)
		x.tell("watcher", order(func(ctx *bastion.Context) error {
			_ = ctx.Sleep(time.Second)
			ctx.Demonitor(m)
			return nil
		}))
		s.Settle()
		if n, _ := x.sys.Inspector().Node("/sys/sup/friend"); n.Incarnation != 2 {
			s.Errorf("the friend is in incarnation %d", n.Incarnation)
		}
		told := len(downs)
		s.Sleep(time.Hour)
		if len(downs) != told || !slices.Equal(downs, []uint64{1, 2, 3}[:told]) || told < 1 {
			s.Errorf("Downs of %v, %d of them before Demonitor", downs, told)
		}
	})
}

// What is abandoned is replaced, and can do nothing any more.
func TestProperty_TheAbandonedAreFenced(t *testing.T) {
	options.Run(t, func(s *bastiontest.Sim) {
		x := begin(s, bastion.SupervisorSpec{}, func(x *stage) []bastion.ChildSpec {
			all := both(x)
			for i := range all {
				all[i].Shutdown = time.Second
			}
			return append(all, x.handler("other"))
		})
		for _, name := range []string{"handler", "loop"} {
			free, back := false, false
			x.tell(name, order(func(ctx *bastion.Context) error {
				s.Until("its release", func() bool { return free })
				if err := x.sup.Child("other").Tell(ctx, 1); !errors.Is(err, bastion.ErrEnded) {
					s.Errorf("%s: a ghost was heard: %v", name, err)
				}
				back = true
				return nil
			}))
			s.Settle()
			if err := x.sup.Restart(s.Context(), name); err != nil {
				s.Error(err)
			}
			if inc, err := bastion.Ask(s.Context(), x.sup.Child(name), question{how: answered}); inc != 2 || err != nil {
				s.Errorf("%s: %d, %v", name, inc, err)
			}
			free = true
			s.Until("it to come back", func() bool { return back })
		}
		x.stopsAtOnce()
	})
}

// What waits when its receiver stops for good is a dead letter, and its sender is told of what comes after.
func TestProperty_NothingIsLostUnseen(t *testing.T) {
	options.Run(t, func(s *bastiontest.Sim) {
		x := begin(s, bastion.SupervisorSpec{}, both)
		spy := s.Spy(x.sys)
		for _, name := range []string{"handler", "loop"} {
			handled, accepted := 0, 0
			before := len(spy.DeadLetters())
			x.all(name, func() {
				for range 6 {
					if x.sup.Child(name).Tell(s.Context(), order(func(*bastion.Context) error { handled++; return nil })) == nil {
						accepted++
					}
				}
			}, func() { _ = x.sup.Child(name).Stop(s.Context()) })
			s.Settle()
			if dead := len(spy.DeadLetters()) - before; handled+dead != accepted {
				s.Errorf("%s: %d accepted, %d handled, %d dead letters", name, accepted, handled, dead)
			}
			if s.Elapsed() > 0 {
				s.Errorf("%s: the stop took %v", name, s.Elapsed())
			}
			if err := x.sup.Child(name).Tell(s.Context(), 1); !errors.Is(err, bastion.ErrStopped) {
				s.Errorf("%s: Tell: %v", name, err)
			}
		}
	})
}
