// Package decide says what a guard does next; it does nothing itself.
//
// Events go in (a ward is ready, has ended, a signal came, time has passed), actions
// come out (start this one, stop that one, report, end). There is no process,
// clock, randomness or I/O in here, so that every rule of the fort can be read and
// tested as a table, like those of supervision in internal/supervise, from which
// the arithmetic of intensity and backoff is taken.
//
// # Usage
//
//	m := decide.New(policy)
//	for _, a := range m.Step(now, decide.Event{Kind: decide.Boot}) {
//		perform(a)
//	}
//	wake(m.Next()) // and then: m.Step(now, decide.Event{Kind: decide.Tick})
//
// # How it works
//
// There are as many slots as the policy's redundancy. Each has one ward at a time,
// or waits for the next, or has finished. A ward is starting, up, stopping, being
// dumped, or killed; in each of these but up it has a deadline with a stated end.
// An upgrade gives every slot a successor beside its ward. When all successors are
// ready they take the slots, and the wards before them drain; when one fails they
// are killed, and nothing else has changed.
//
// # What the driver owes
//
//  1. It calls Step from one goroutine, with a time that does not run backwards, and
//     performs the actions in their order. The slice is good until the next Step.
//  2. It answers each Start with Exited in the end, once, and with Ready before that
//     if the ward got so far. A start that fails is an Exited with the cause StartFailed.
//  3. It calls Step with Tick soon after the time that Next names. Early or late ones
//     do no harm.
//  4. It draws the jitter, a number in [0,1), for each Exited.
//
// Events about wards that are gone are lost without harm. After End nothing has any
// effect; it stops there.
package decide
