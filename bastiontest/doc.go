// Package bastiontest runs tests of process trees in simulation: a whole system with its supervisors, processes, timers and
// failures, in virtual time, in hundreds of different orders, each of which can be run again.
//
// # Usage
//
//	func TestBank(t *testing.T) {
//		bastiontest.Run(t, func(s *bastiontest.Sim) {
//			sys := s.System(bastion.Config{}, bank())
//			...
//			s.Until("the books to be done", func() bool { return done == 3 })
//			if total != 100 {
//				s.Errorf("the total is %d", total)
//			}
//		})
//	}
//
// The function is called once for each seed, as the driver of one run. Where a run fails, the test prints what it takes to
// run that seed again, the shortest schedule that it found that fails in the same way, and the last steps of that.
//
// On the command line of go test, or as a variable of the environment (BASTION_SEEDS, BASTION_SEED, ...):
//
//	-bastion.seeds=1000      how many seeds to run; 100 if nothing is said
//	-bastion.first=5000      the first of them
//	-bastion.seed=0x2a       this one alone; as it was printed it says as well how the schedule was chosen, and whether the
//	                         program is still the one that failed
//	-bastion.schedule=12=1   this schedule alone, as it was printed
//	-bastion.strategy=pct:3  how schedules are chosen: mixed, random, pct:DEPTH, delay:DELAYS
//	-bastion.time=1m         real time after which no further seed is begun
//	-bastion.twice           run each seed twice and compare the traces, byte for byte
//	-bastion.trace=folder    write the trace of a failing run there, not among the temporary files
//
// A [History] is an account of every message, kept apart from the runtime's own books, and held against the contracts D1
// to D4 and D6. In real concurrency messages carry a [Mark] for it, and the program says who sends and receives them
// ([History.Tell], [Asked], [History.Handle], [History.Received]); a seeded run keeps it by itself ([History.Step]).
//
// What one handler does with one message is tested by [RunUnit]: it is fed, and tells what it sent, asked, answered, started
// and how it failed.
//
// # What is ordered and what is not
//
// With the same seed and the same binary a run does the same, on any machine, with any GOMAXPROCS: the order of processes,
// of messages of different senders, of timers of one instant, jitter and faults are drawn from the seed. That goes for what
// passes through Bastion. The order of maps, select with several ready cases, the real clock, package math/rand without a
// seed and bare goroutines are not controlled; Options.Twice finds out. A wait in a channel, lock, sleep or socket of the
// program's own is noticed by the state of the goroutine, and reported with its stack: [bastion.Context.Await] waits for a
// channel under control. testing/synctest stays the tool for ordinary tests; it lets all goroutines take part, but orders
// nothing. The whole list stands in docs/decisions/seeded.md.
//
// # What may be lost
//
// Nothing that production does not lose, unless a [Fault] says so. Interleavings that no seed met are not tested: a pass is
// no proof. [PCT] has a bound on that, and an [Exhaustive] that is complete has missed none of those that are chosen
// at the points where it switches.
//
// # Who may call what
//
// A [Sim] and what is had from it belong to one run and are used by its driver, its processes and the goroutines of
// [Sim.Go]. The runs of several seeds go on at the same time, on goroutines of their own, so that the function must not
// write to anything outside of it. A [History] and its marks may be used from any goroutine.
//
// # How it stops
//
// When the function returns, cleanups run, what still runs is stopped, and the books of every system must balance. The run
// fails if anything is left. A fatal failure ends the run at once, and nothing of it is left either, except what is blocked
// outside of Bastion.
package bastiontest
