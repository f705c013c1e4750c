// Package distributor sends to a named set of processes without knowing which they
// are: to one that a strategy chooses, to everyone, or to all until the first answers.
//
// # How to use it
//
//	work, err := distributor.New(sys, distributor.Spec{
//		Name:     "work",
//		Strategy: distributor.TwoChoices{},
//	})
//	...
//	{Name: "workers", Count: 8, Start: worker},  // a child of sup
//	...
//	work.Follow(sup.Group("workers"))
//	err = work.TellOne(ctx, Job{1})
//	price, err := distributor.Request(ctx, work, Price{Of: "tea"})
//
// Members come in three ways, which may be mixed: a followed group's members, as they
// are spawned and end (Follow); children that register themselves when they start and
// are taken out when they are gone (Join); and those added by hand (Add). Strategies
// are RoundRobin, Random, LeastMailbox, TwoChoices, ConsistentHash, Sticky, and any of
// your own. Everyone is told by TellEveryone, asked by AskEveryone; AskFirst is scatter and
// gather with the first answer. For another way to gather, range over
// bastion.AskEach(ctx, d.Members(), question).
//
// # What is ordered
//
// What one sender tells one member arrives in the order in which it was sent, as with
// any Tell. Between members there is no order; whoever needs one for what
// belongs together chooses by key (ConsistentHash, Sticky).
//
// # What may be lost
//
// Nothing in silence. A message that the chosen member does not accept was not sent,
// and is offered to the next; once accepted it is that member's, and offered to nobody
// else, whatever becomes of it (contract D1). If nobody accepts it the error says what
// each has answered. What was accepted is in the books like any other message.
//
// A member that is between two incarnations is a member, and what it is told waits for
// the next one. One that drains is none: a followed group's members leave at the order,
// before the last of what they have is handled.
//
// # Who may call
//
// Everything may be called from any goroutine. Reading who the members are takes no
// lock unless they have changed; a tell allocates nothing. The context says who the
// sender is: the answer and the dead letters are its own, as with Ref.Tell.
//
// # How it stops
//
// A Distributor is a plain value of one system, with no goroutine; there is nothing to
// stop. When its members have stopped, sends answer bastion.ErrStopped, and with no
// members ErrNoMembers.
package distributor
