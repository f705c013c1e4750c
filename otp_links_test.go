package bastion_test

import (
	"context"
	"errors"
	"testing"

	"github.com/bastion-go/bastion"
)

// otpLinks are small scenes and what comes of them on Erlang/OTP 25, where each was run in the shell as it stands in
// otp. Temporary children are what comes nearest to bare processes. The sources are erlang:link/1, unlink/1, monitor/2,
// demonitor/2, exit/1, exit/2 and process_flag/2, and the chapter Processes of the reference manual.
//
// Two differences: where OTP has no flush, so that an 'EXIT' which is in the mailbox outlives an unlink, ours is
// withdrawn (S10). And link/1 to a dead process raises noproc in a caller that does not trap exits, while ours is the
// signal noproc in both cases; the process that does not catch the one or trap the other ends alike.
var otpLinks = []struct {
	name, otp, want string
	play            func(s *scene, a, p, q bastion.Ref) string
}{
	{"link with a dead process, trapping", `process_flag(trap_exit, true), link(Dead)`, "EXIT noproc", func(s *scene, a, p, _ bastion.Ref) string {
		s.trapping("a")
		s.end("p", bastion.ErrNormal)
		s.link("a", p)
		return s.got(a)
	}},
	{"link with a dead process", `link(Dead)`, "noproc", func(s *scene, _, p, _ bastion.Ref) string {
		s.end("p", bastion.ErrNormal)
		s.link("a", p)
		return reasonText(s.down("a").Reason)
	}},
	{"normal end of a peer", `spawn_link(fun() -> ok end)`, "", func(s *scene, a, p, _ bastion.Ref) string {
		s.link("a", p)
		s.end("p", bastion.ErrNormal)
		return s.got(a)
	}},
	{"normal end of a peer, trapping", `process_flag(trap_exit, true), spawn_link(fun() -> ok end)`, "EXIT normal", func(s *scene, a, p, _ bastion.Ref) string {
		s.trapping("a")
		s.link("a", p)
		s.end("p", bastion.ErrNormal)
		return s.got(a)
	}},
	{"failure of a peer", `spawn_link(fun() -> exit(boom) end)`, "boom", func(s *scene, _, p, _ bastion.Ref) string {
		s.link("a", p)
		s.tell("p", fail{})
		return reasonText(s.down("a").Reason)
	}},
	{"failure of a peer, trapping", `process_flag(trap_exit, true), spawn_link(fun() -> exit(boom) end)`, "EXIT boom", func(s *scene, a, p, _ bastion.Ref) string {
		s.trapping("a")
		s.link("a", p)
		s.end("p", errBoom)
		return s.got(a)
	}},
	{"shutdown of a peer", `spawn_link(fun() -> exit(shutdown) end)`, "shutdown", func(s *scene, _, p, _ bastion.Ref) string {
		s.link("a", p)
		s.tell("p", do(func(ctx *bastion.Context) error { return ctx.Exit(bastion.ErrShutdown) }))
		return reasonText(s.down("a").Reason)
	}},
	{"a chain of three", `spawn_link(fun() -> spawn_link(fun() -> exit(boom) end), receive _ -> ok end end)`, "EXIT boom", func(s *scene, a, p, q bastion.Ref) string {
		s.trapping("a")
		s.link("a", p)
		s.link("p", q)
		s.tell("q", fail{})
		s.down("p")
		exit := s.onlyExit(a)
		if exit.Reason != errBoom {
			return "the reason changed on its way: " + exit.Reason.Error()
		}
		return signalText(exit)
	}},
	{"exit/2 normal to another", `exit(P, normal)`, "", func(s *scene, a, _, _ bastion.Ref) string {
		s.exit(a, bastion.ErrNormal)
		return s.got(a)
	}},
	{"exit/2 normal to another, trapping", `exit(P, normal)`, "EXIT normal", func(s *scene, a, _, _ bastion.Ref) string {
		s.trapping("a")
		s.exit(a, nil)
		return s.got(a)
	}},
	{"exit/2 normal to oneself", `exit(self(), normal)`, "normal", func(s *scene, a, _, _ bastion.Ref) string {
		s.in("a", func(ctx *bastion.Context) { _ = a.Exit(ctx, bastion.ErrNormal) })
		return reasonText(s.down("a").Reason)
	}},
	{"exit/2 normal to oneself, trapping", `process_flag(trap_exit, true), exit(self(), normal)`, "EXIT normal", func(s *scene, a, _, _ bastion.Ref) string {
		s.trapping("a")
		s.in("a", func(ctx *bastion.Context) { _ = a.Exit(ctx, bastion.ErrNormal) })
		return s.got(a)
	}},
	{"exit/2 kill, trapping", `process_flag(trap_exit, true), exit(self(), kill)`, "killed", func(s *scene, a, _, _ bastion.Ref) string {
		s.trapping("a")
		s.exit(a, bastion.ErrKilled)
		return reasonText(s.down("a").Reason)
	}},
	{"exit/2 killed, trapping", `process_flag(trap_exit, true), exit(self(), killed)`, "EXIT killed", func(s *scene, a, _, _ bastion.Ref) string {
		s.trapping("a")
		s.exit(a, errors.Join(bastion.ErrKilled)) // only ErrKilled itself kills
		return s.got(a)
	}},
	{"link with one that is killed, trapping", `process_flag(trap_exit, true), exit(spawn_link(F), kill)`, "EXIT killed", func(s *scene, a, p, _ bastion.Ref) string {
		s.trapping("a")
		s.link("a", p)
		s.exit(p, bastion.ErrKilled)
		s.down("p")
		return s.got(a)
	}},
	{"link with one that is killed", `exit(spawn_link(F), kill)`, "killed", func(s *scene, _, p, _ bastion.Ref) string {
		s.link("a", p)
		s.exit(p, bastion.ErrKilled)
		return reasonText(s.down("a").Reason)
	}},
	{"link twice", `link(P), link(P), P ! {exit, boom}`, "EXIT boom", func(s *scene, a, p, _ bastion.Ref) string {
		s.trapping("a")
		s.link("a", p)
		s.link("a", p)
		s.end("p", errBoom)
		return s.got(a)
	}},
	{"link twice, unlink once", `link(P), link(P), unlink(P), P ! {exit, boom}`, "", func(s *scene, a, p, _ bastion.Ref) string {
		s.trapping("a")
		s.link("a", p)
		s.link("a", p)
		s.in("a", func(ctx *bastion.Context) { ctx.Unlink(p) })
		s.end("p", errBoom)
		return s.got(a)
	}},
	{"link with oneself", `link(self())`, "", func(s *scene, a, _, _ bastion.Ref) string {
		s.link("a", a)
		return s.got(a)
	}},
	{"unlink a stranger", `unlink(P)`, "", func(s *scene, a, p, _ bastion.Ref) string {
		s.in("a", func(ctx *bastion.Context) { ctx.Unlink(p) })
		return s.got(a)
	}},
	{"unlink by the other end", `P = spawn_link(fun() -> unlink(Me), exit(boom) end)`, "", func(s *scene, a, p, _ bastion.Ref) string {
		s.trapping("a")
		s.link("a", p)
		s.in("p", func(ctx *bastion.Context) { ctx.Unlink(a) })
		s.end("p", errBoom)
		return s.got(a)
	}},
	{"trap, and not any more", `process_flag(trap_exit, true), process_flag(trap_exit, false), spawn_link(fun() -> exit(boom) end)`, "boom", func(s *scene, _, p, _ bastion.Ref) string {
		s.trapping("a")
		s.in("a", func(ctx *bastion.Context) { ctx.TrapExits(false) })
		s.link("a", p)
		s.tell("p", fail{})
		return reasonText(s.down("a").Reason)
	}},
	{"monitor a dead process", `monitor(process, Dead)`, "DOWN noproc", func(s *scene, a, p, _ bastion.Ref) string {
		s.end("p", bastion.ErrNormal)
		s.monitor("a", p, bastion.ThisIncarnation)
		return s.got(a)
	}},
	{"monitor, normal end", `monitor(process, P)`, "DOWN normal", func(s *scene, a, p, _ bastion.Ref) string {
		s.monitor("a", p, bastion.ThisIncarnation)
		s.end("p", bastion.ErrNormal)
		return s.got(a)
	}},
	{"monitor, failure", `monitor(process, P), P ! {exit, boom}`, "DOWN boom", func(s *scene, a, p, _ bastion.Ref) string {
		s.monitor("a", p, bastion.ThisIncarnation)
		s.end("p", errBoom)
		return s.got(a)
	}},
	{"monitor, killed", `monitor(process, P), exit(P, kill)`, "DOWN killed", func(s *scene, a, p, _ bastion.Ref) string {
		s.monitor("a", p, bastion.ThisIncarnation)
		s.exit(p, bastion.ErrKilled)
		s.down("p")
		return s.got(a)
	}},
	{"monitor twice", `monitor(process, P), monitor(process, P), P ! {exit, boom}`, "DOWN boom, DOWN boom", func(s *scene, a, p, _ bastion.Ref) string {
		s.monitor("a", p, bastion.ThisIncarnation)
		s.monitor("a", p, bastion.ThisIncarnation)
		s.end("p", errBoom)
		return s.got(a)
	}},
	{"monitor oneself", `monitor(process, self())`, "", func(s *scene, a, _, _ bastion.Ref) string {
		s.monitor("a", a, bastion.ThisIncarnation)
		return s.got(a)
	}},
	{"link and monitor", `link(P), monitor(process, P), P ! {exit, boom}`, "EXIT boom, DOWN boom", func(s *scene, a, p, _ bastion.Ref) string {
		s.trapping("a")
		s.link("a", p)
		s.monitor("a", p, bastion.ThisIncarnation)
		s.end("p", errBoom)
		return s.got(a)
	}},
	{"demonitor with what is queued", `P ! {exit, boom}, timer:sleep(50), demonitor(M, [flush])`, "", func(s *scene, a, p, _ bastion.Ref) string {
		m := s.monitor("a", p, bastion.ThisIncarnation)
		s.in("a", func(ctx *bastion.Context) {
			s.end("p", errBoom)
			ctx.Demonitor(m)
		})
		return s.got(a)
	}},
	{"messages before the end, monitored", `spawn_monitor(fun() -> Me ! a, Me ! b end)`, "a, b, DOWN normal", func(s *scene, a, p, _ bastion.Ref) string {
		s.monitor("a", p, bastion.ThisIncarnation)
		s.tell("p", do(func(ctx *bastion.Context) error {
			return errors.Join(a.Tell(ctx, "a"), a.Tell(ctx, "b"), bastion.ErrNormal)
		}))
		s.down("p")
		return s.got(a)
	}},
	{"messages before the end, linked", `spawn_link(fun() -> Me ! a, Me ! b end)`, "a, b, EXIT normal", func(s *scene, a, p, _ bastion.Ref) string {
		s.trapping("a")
		s.link("a", p)
		s.tell("p", do(func(ctx *bastion.Context) error {
			return errors.Join(a.Tell(ctx, "a"), a.Tell(ctx, "b"), bastion.ErrNormal)
		}))
		s.down("p")
		return s.got(a)
	}},
	{"message, exit/2, message", `P ! a, exit(P, boom), P ! b`, "a, EXIT boom, b", func(s *scene, a, _, _ bastion.Ref) string {
		s.trapping("a")
		s.in("p", func(ctx *bastion.Context) {
			if err := errors.Join(a.Tell(ctx, "a"), a.Exit(ctx, errBoom), a.Tell(ctx, "b")); err != nil {
				s.t.Error(err)
			}
		})
		return s.got(a)
	}},
	{"exit/2 to a dead process", `exit(Dead, boom)`, "stopped", func(s *scene, _, p, _ bastion.Ref) string {
		s.end("p", bastion.ErrNormal)
		if err := p.Exit(context.Background(), errBoom); !errors.Is(err, bastion.ErrStopped) { // OTP says nothing
			return "no error"
		}
		return "stopped"
	}},
}

func TestS10_AsOTP(t *testing.T) {
	for _, c := range otpLinks {
		t.Run(c.name, func(t *testing.T) {
			eachScene(t, bastion.Temporary, func(t *testing.T, s *scene) {
				if got := c.play(s, s.child("a"), s.child("p"), s.child("q")); got != c.want {
					t.Errorf("%s: %q, on OTP it is %q", c.otp, got, c.want)
				}
			})
		})
	}
}

// onlyExit is the only signal that a process has received, whole.
func (s *scene) onlyExit(ref bastion.Ref) bastion.Exit {
	s.t.Helper()
	s.sync(ref)
	all := s.take(ref)
	if len(all) != 1 {
		s.t.Fatalf("received %v", all)
	}
	exit, ok := all[0].(bastion.Exit)
	if !ok {
		s.t.Fatalf("received %v", all)
	}
	return exit
}
