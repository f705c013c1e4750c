// Package match gives each message to the first arm that takes it: by its type, and by whether it was told, asked or
// broadcast. It is the msg! and the MessageHandler of Rust's Bastion. A type switch in Receive does the same by type, costs
// less, and needs no package; this one is for whoever wants a method for each message, or has to tell a question that was
// asked from one that was told.
//
// # How to use it
//
//	bastion.Handle(func() bastion.Receiver {
//		c := new(counter)
//		return match.New(
//			match.Tell(c.add),        // func (c *counter) add(ctx *bastion.Context, m Add) error
//			match.Answer(c.total),    // func (c *counter) total(ctx *bastion.Context, q Total) (int, error)
//			match.Ask(c.lock),        // func (c *counter) lock(ctx *bastion.Context, q Lock) error: holds it, answers later
//			match.Broadcast(c.reset), // func (c *counter) reset(ctx *bastion.Context, m Reset) error
//			match.On(c.audit),        // told, asked or broadcast
//			match.Fallback(c.other),  // func (c *counter) other(ctx *bastion.Context, msg any) error
//		)
//	})
//
// The types are inferred from the functions. That the answer of a question has the type that its Returns says is checked by the
// compiler, for Ask (by Reply) as for Answer. A receiver with start and stop hooks embeds the *Matcher and brings the hooks
// itself. A loop calls Receive with what Recv gave it; with RecvWhere and Takes it waits only for what it has arms for, as
// Erlang's receive does.
//
// # What is ordered
//
// Arms are tried in the order in which they were given to New; the fallback is last. So an arm for an interface goes after
// those for the types it includes.
//
// # What may be lost
//
// Nothing without a trace: a message that nothing takes is unhandled (bastion.Context.Unhandled), which puts it among the
// dead letters and fails its question with ErrUnhandled.
//
// # Who may call
//
// A Matcher does not change after New, so any number of processes may share one if what its arms do allows it. Receive and
// Takes ask the context how the message in hand came, and so are for the process's own goroutine.
//
// # How it stops
//
// There is nothing to stop: no goroutine, no memory beyond the arms.
package match
