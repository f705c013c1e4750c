package numatest

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/bastion-go/bastion/executor"
	"github.com/bastion-go/bastion/executor/topology"
)

// checkOffline: E1, E4: while tasks run, a CPU goes away and comes back. Nothing is lost, everybody goes on, and when
// all is done nobody spins.
func checkOffline(g *guest) {
	t := topology.Local()
	victim := len(t.CPUs) - 1
	for _, a := range affinities {
		e, end := g.started(executor.Config{Workers: len(t.CPUs), Topology: t, Affinity: a})
		const tasks, slices = 64, 1000
		halfway, done := make(chan struct{}, tasks), make(chan struct{}, tasks)
		for range tasks {
			left := slices
			e.Submit(task(func(*executor.Worker) bool {
				if left--; left == slices/2 {
					halfway <- struct{}{}
				}
				if left == 0 {
					done <- struct{}{}
				}
				return left > 0
			}))
		}
		<-halfway
		g.turn(victim, "0")
		for range tasks {
			<-done
		}
		everywhere(e, len(t.CPUs), func(*executor.Worker) {
			if cpu() == victim {
				g.errorf("%v: a slice on a CPU that is off", a)
			}
		})
		g.rest(a)
		g.turn(victim, "1")
		if a == executor.AffinityCore {
			g.returns(e, victim)
		}
		end()
	}
}

// turn takes a CPU offline or brings it back.
func (g *guest) turn(cpu int, state string) {
	file := fmt.Sprintf("/sys/devices/system/cpu/cpu%d/online", cpu)
	if err := os.WriteFile(file, []byte(state), 0); err != nil {
		g.errorf("%s: %v", file, err)
	}
}

// busy is far above what emulated CPUs take to come to rest, and far below what a loop takes.
const busy = 0.5

// rest checks that the program uses next to no CPU, now that there is nothing to do.
func (g *guest) rest(a executor.Affinity) {
	share := 1.0
	for try := 0; share > busy && try < 20; try++ { // emulated CPUs are slow to come to rest
		const look = 200 * time.Millisecond
		before, began := used(), time.Now()
		<-time.After(look)
		share = float64(used()-before) / float64(time.Since(began))
	}
	g.logf("%v: at rest, with a CPU off, it uses %.1f %% of one", a, 100*share)
	if share > busy {
		g.errorf("%v: at rest it uses %.0f %% of a CPU", a, 100*share)
	}
}

// returns checks that a worker whose CPU had gone runs there again.
func (g *guest) returns(e *executor.Executor, victim int) {
	seen := make(chan struct{}, 1)
	var stop atomic.Bool
	left := make(chan struct{})
	const tasks = 64
	for range tasks {
		e.Submit(task(func(w *executor.Worker) bool {
			if cpu() == victim {
				select {
				case seen <- struct{}{}:
				default:
				}
			}
			if stop.Load() {
				left <- struct{}{}
				return false
			}
			return true
		}))
	}
	<-seen
	stop.Store(true)
	for range tasks {
		<-left
	}
}

// checkRefusal: E4: where a sandbox does not let threads be pinned, the executor says so once, and goes on. It is last:
// the sandbox stays.
func checkRefusal(g *guest) {
	const allow, deny = unix.SECCOMP_RET_ALLOW, unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
	if err := forbid(unix.SYS_SCHED_SETAFFINITY, allow, deny); err != nil {
		g.errorf("seccomp: %v", err)
		return
	}
	told := make(chan error, 10)
	t := topology.Local()
	e, end := g.started(executor.Config{Topology: t, Affinity: executor.AffinityCore, OnUnpinned: func(err error) { told <- err }})
	for range 50 {
		everywhere(e, len(t.CPUs), func(*executor.Worker) {})
	}
	if err := <-told; !errors.Is(err, unix.EPERM) {
		g.errorf("told of %v", err)
	}
	end()
	if len(told) > 0 {
		g.errorf("told twice")
	}
	if s := e.Stats(); s.Affinity != executor.AffinityFollow || !errors.Is(s.Unpinned, unix.EPERM) {
		g.errorf("%v, %v", s.Affinity, s.Unpinned)
	}
}
