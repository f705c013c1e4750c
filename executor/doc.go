// Package executor runs very many small tasks on a few goroutines, and goes on when some of them block. It knows
// nothing of processes, messages or supervision: the layer above embeds a [Task] in what it wants to run and submits
// it when it is ready.
//
//	e, err := executor.New(executor.Config{})
//	e.Start()
//	e.Submit(&thing.Task)          // from any goroutine
//	...
//	func (t *thing) Run(w *executor.Worker) (again bool) {
//		w.Submit(&other.Task)  // runs here next
//		return false
//	}
//	...
//	err = e.Close(ctx)
//
// # The problem
//
// A hop (submit, take, run) must cost about two locked instructions, every task must get its turn whatever its
// neighbours do (E2), an idle program must use no CPU (E1), and a task may call anything that blocks without saying so
// (L8, E5). Go's scheduler solves the same problem for goroutines, but a switch between two of those costs 150 ns and
// an idle one 2 KiB.
//
// # The design
//
// There are [Config].Workers permits; the code calls them seats. A [Worker] is an ordinary goroutine with its own
// queues; to run tasks it must sit on a seat. Its queues are
//
//   - a cell for the task submitted last, taken first, while its message is still in the cache;
//   - a ring of 256 for the others, oldest first, from which workers without work steal half;
//   - its domain's injection queue (package topology says which CPUs make a domain), for what comes from outside and
//     what does not fit the ring.
//
// A seat is also a place in the machine. Who has no work robs the seats on its own core first, then those of its domain,
// of its memory node, and at last those of other nodes; and who wakes somebody takes the idle seat nearest to the work,
// and the sleeper nearest to that. [Affinity] says how a worker's thread and its seat come together: by default the
// worker moves to a seat where its thread is, because pinning threads makes every sleep a hundred times dearer
// (docs/decisions/placement.md).
//
// One goroutine, the watcher, looks at the seats every 500 µs while any is taken. A worker that has made no progress
// between two looks is blocked, or as good as that. The watcher takes its seat and its queues away and gives both to
// another worker; the blocked one keeps only its goroutine, and when its slice returns it takes an idle seat, or waits
// as a spare for the next time it is needed. If no task is ready the seat is just idle, so that a task blocked for an
// hour costs no ticks. A slice that makes progress but outlasts a tick is asked to yield, and what lies in its cell is
// given away.
//
// # Rejected
//
// Measured on the same two cores, where an atomic add costs 5.4 ns and a hop here 12:
//
//   - Workers locked to threads, by default: 13 to 45 µs for each sleep and wake, instead of 0.2 to 2.
//   - The queues belong to the seat, as in Go's own scheduler: a worker that was revoked in the middle of a slice could
//     then touch nothing without a guard, its free lists included. With queues of its own only the cell needs one.
//   - A cell without a locked instruction, taken from another worker by way of membarrier(2): 33 ns for the whole hop
//     of the prototype instead of 39 to 40, on Linux only. Without any guard (31 ns) tasks were lost.
//   - Coroutines ([iter.Pull]) that could be moved: 42 ns a switch, and the program dies when one calls LockOSThread.
//   - A raw nanosleep in the watcher, for a finer tick: 22 % of the throughput. Instead it looks twice in one tick
//     when tasks wait (see lookTwice), which took the 99th percentile of a stranger's latency from 2.2 to 1.2 ms.
//   - Thieves that take from the cell: a ping-pong pair would be torn apart by every idle worker. Only the watcher
//     does, when the sender's slice lasts.
//
// # Who wakes whom
//
// One worker at most is woken by one event, and only if a permit is idle and nobody is searching already; the last
// one to stop searching looks again and wakes the next. Nothing is missed because of three pairs of "store mine, then
// load yours", all of them sync/atomic operations, which have one total order:
//
//  1. A producer stores ring.tail or injection.size, then loads the idle word. A worker that parks adds its seat to
//     the idle word, then loads all of the former. Whichever comes second sees the first: the producer wakes a worker,
//     or the worker wakes one (perhaps itself).
//  2. A producer that saw a searcher wakes nobody. That searcher leaves the searching count later than the producer's
//     load, and, being the last, then looks at all queues.
//  3. A searcher that finds nothing leaves the count in the same operation that makes its seat idle: pair 1.
//
// Where two workers change seats, one of them is at none for a moment and cannot be seen by who parks then; that one
// looks at all queues afterwards (see follow).
//
// A lone task in a cell wakes nobody: its worker takes it as soon as the slice ends, and the watcher if that lasts.
// The one plain store that is followed by such a load is the put into an empty cell, followed by "have I lost my
// seat?". The watcher therefore looks at a revoked worker's cell again at its later looks, and the worker itself
// empties it when its slice returns.
//
// # Turns
//
// At most 32 slices in a row come from the cell; then its task goes to the ring's tail. Every 61 slices the worker
// looks into the injection queue first. So with n tasks before it in a ring a task waits for at most 33·(n+1) slices
// of that worker, and the oldest one injected for 61. Every 1,037 slices the worker lets Go's scheduler run another
// goroutine.
//
// # Shutdown
//
// [Executor.Close] does, in this order:
//
//  1. Under the mutex, set closed. From now on no seat is given to anybody (freeSeat), so a worker that has left its
//     seat never begins a slice.
//  2. In the same critical section, wake all parked workers, which end, and ask all others to yield. A worker that
//     ends a slice sees the wish; if it took an older wish back at the same moment, it sees closing, which was set
//     before (sliceEnded).
//  3. Fail the futures that have not started and cancel the contexts of the others.
//  4. Wait until no worker has both a goroutine and a seat. Each of them either ends its slice, and with it its
//     goroutine, or stands still and is revoked by the watcher, which goes on until then and minds no bound any more.
//     So this step ends by itself, within three ticks of the last sign of progress.
//  5. Wait for those without a seat, for 10 ms: what was revoked may just have been slow.
//  6. Stop the watcher and wait for its goroutine, which holds the only timer.
//
// A worker left behind in 5 finds no seat and no list to wait on when its slice returns, and ends.
//
// # The seeded mode
//
// An executor with [Config].Seeded takes part in a run ([Seeded]) that does one thing at a time, in an order drawn
// from a seed, in virtual time (E7): for tests. It has no seats, no watcher and no goroutine of its own; a slice
// borrows a [Worker] from it and runs on one of the run's goroutines. The paths of the real executor do not ask for
// it: a seeded worker is for ever in a state without a permit, and only what is done in such a state looks further.
//
//	run, err := executor.NewSeeded(executor.SeededConfig{Seed: 1})
//	err = run.Run(func() {
//		e, err := executor.New(executor.Config{Seeded: run})
//		...
//	})
//
// Where a program may be switched away from: in Wait, at a Point, after a unit of work (Yield), at the end of a slice.
// What is chosen, in which run, is said at [Choice]; a [Source] of one's own chooses otherwise than at random. What is
// not controlled, and how that is noticed, is said in docs/decisions/seeded.md.
//
// # Who may call what
//
// [Worker.Submit], Step, Yield, Block and Unblock belong to the worker's own goroutine, inside a slice; [Worker.Here]
// tells whether one is on it. Everything else may be called from anywhere. Nothing is ordered between two tasks except
// that Submit happens before the Run it leads to, and a task's Run before its next one.
//
// A task may end its goroutine by [runtime.Goexit]: the worker gets another goroutine. It may lock its thread if it
// unlocks it before its slice ends. A panic out of Run ends the program.
//
// Inside a testing/synctest bubble an executor works with the bubble's clock, if New is called there; when idle it is
// durably blocked.
package executor
