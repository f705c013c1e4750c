// Package bastion is a fault-tolerant runtime inside a Go program: lightweight
// processes that share nothing and talk by messages, under supervisors that
// restart what fails, after Erlang/OTP and Rust's Bastion.
//
// # How to use it
//
// A process is a handler (a Receiver: no goroutine while idle, called with one
// message after the other) or a loop (a function with a goroutine of its own that
// calls ctx.Recv). Specs say which processes there are and what is to happen when
// one fails; they are plain data. A System starts them and gives references:
//
//	sys, err := bastion.New(bastion.Config{Name: "shop"})
//	sup, err := sys.Supervise(bastion.SupervisorSpec{
//		Name: "counting",
//		Children: []bastion.ChildSpec{
//			{Name: "counter", Start: bastion.Handle(func() bastion.Receiver { return new(counter) })},
//		},
//	})
//	err = sys.Start(ctx)
//	err = sup.Child("counter").Tell(ctx, Add{2})
//	n, err := bastion.Ask(ctx, sup.Child("counter"), Total{})
//
// A tree changes while it runs: children of any kind are inserted, moved,
// restarted and removed, and so are the rules (Supervisor.Change, ChangeChild).
// Callbacks run around the life of processes, groups, supervisors and the system.
//
// Run does all of it for a main function. A handler may block on anything: the
// executor notices and serves the others with another goroutine.
//
// # What is ordered
//
// Messages from one sender to one receiver are handled in the order they were
// sent, also across a restart of the receiver. Each goroutine outside, and each
// goroutine of ctx.Go, is a sender of its own. Nothing is promised about messages
// from different senders, except what follows from an answer. Children start in
// the order they are declared, each after the one before, and stop in reverse.
//
// # What may be lost
//
// A message is handled at most once, and never redelivered. A send that returns
// nil was accepted; what becomes of it after that is in the books
// (Inspector.Books), which balance to the message: handled, failed (the receiver
// failed with it in hand), waiting, or discarded for a stated reason, and then to
// be seen among the dead letters. A send that returns an error changed nothing.
// A question is always answered, if only with an error. State in a process is
// lost when it fails; what must survive is kept outside.
//
// # Who may call
//
// Everything on System, Supervisor, Group, Ref, Returns, Inspector and
// Subscription may be called from any goroutine. A *Context may be handed to any
// goroutine, too; calls with it then count as the process's. Only what concerns
// the message in hand (Recv, Sender, Forward, Unhandled) is for the process's own
// goroutine. Go has no way to end a goroutine: what does not return in time is
// abandoned, that is, reported with its stack and fenced off, and everything it
// still tries with its Context is refused with ErrEnded.
//
// # How it stops
//
// Stop asks the children in reverse order, each within its shutdown time, and
// returns when nothing of the system is left but what it had to abandon. A
// supervisor that must restart too often gives up, which is a failure for the one
// above it; at the root the system stops, and Wait says why.
//
// ARCHITECTURE.md, beside this file, follows a message and a crash through the
// code.
package bastion
