// Package supervise decides what a supervisor does; it does nothing itself.
//
// Events go in (a child has ended, a wait is over, someone orders a stop), actions come out (stop this one, start
// that one, wait, give up). There is no goroutine, clock, randomness or I/O in here: time and jitter are arguments.
// So every rule of supervision can be read as a script under testdata and checked against a model (contract S11).
//
// # Usage
//
//	m := supervise.New(supervise.OneForOne, supervise.Intensity{Max: 1, Within: 5 * time.Second})
//	m.Declare(supervise.Child{ID: 1}, 0)
//	for _, a := range m.Step(now, supervise.Event{Kind: supervise.EvBoot}) {
//		perform(a) // and later: m.Step(now, supervise.Event{Kind: supervise.EvStarted, ID: 1})
//	}
//
// A supervisor with a fixed table of children uses a [Machine]. A group of alike children (a million of them, maybe)
// does not: it builds on the same pieces without a table, [Decide], [Window], [Streak] and [Backoff].
//
// # How it works
//
// Each child has a state (down, starting, up, stopping), a goal (up, down in one of several meanings) and perhaps a
// wait before its next start. An event changes goals; then whatever differs from its goal is moved one step towards it.
//
// Who moves when: a child on its own moves at once, whatever the others do. The children of one plan move together:
// first those that must go down stop, last one first, one after the other; then all wait until no one in the plan has
// a wait left; then they start, first one first, each after the one before has started. There is at most one plan,
// for the sets that share one always overlap: the boot, a restart of one-for-all or rest-for-one, the end. A later
// failure, order or wait joins the plan that is there. One-for-one has a plan only for its boot and its end.
//
// # What the driver owes
//
//  1. It calls Step from one goroutine at a time, with a time that does not run backwards, and performs the actions in
//     the order given, before it passes the next event. The slice is good until the next Step.
//  2. It answers each Start with exactly one Started, or one StartFailed if the child did not come up, was stopped
//     before, or passed its start timeout (an Exited before Started means the same). After Started comes exactly one
//     Exited, when the incarnation has ended or was abandoned, and not before.
//  3. It answers each Stop with the child's end, within the child's shutdown time, and abandons what does not end. A
//     Stop may come while the child is still starting: then the start is broken off, and the answer is StartFailed or
//     Exited; a Started that was already under way does no harm.
//  4. It answers each Delay with one Due after that time, unless CancelDelay came first; a Due that was cancelled but
//     already under way may be passed or dropped.
//  5. It draws the jitter, a number in [0,1), for each Exited and StartFailed, and says how long the child had been up.
//  6. It classifies the reason of an exit and applies the user's mapping (contract S12). Resume is no exit and never
//     gets here.
//  7. It keeps the child's mailbox from Declare on and through every restart, and closes it at Down and only there. A
//     Start after a Down opens it again, except after Forgotten, and after StartFailed of one that
//     was declared after the boot: that ID is gone for ever. Each child that was declared
//     gets its Down at the latest before Ended.
//  8. It may change the rules between two events: Configure for the supervisor, Declare for a known child. What was begun
//     goes on; the next decision is made by the new ones.
//  9. GiveUp and BootFailed are news to pass on: with them the decision is made, at Ended the children are down.
//     After Ended no event has any effect.
//  10. IDs are unique for the life of a Machine, and not zero.
//
// # Sources
//
// The semantics are those of supervisor.erl (Erlang/OTP stdlib, commit 002130b): restart/2, restart_multiple_children,
// terminate_children, add_restart, do_auto_shutdown, handle_call. What differs is marked + in the contracts: waits between restarts,
// stopped on purpose stays stopped, outcomes by condition, the outcome of an exceeded intensity.
package supervise
