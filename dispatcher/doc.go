// Package dispatcher lets processes register in groups that have a handler: it is
// told of everyone who comes and goes, and decides what a broadcast to its group means.
//
// # How to use it
//
//	desk, err := dispatcher.New(sys)
//	rooms, err := desk.Named("rooms", nil) // nil: every member is told
//	...
//	{Name: "room", Count: 3, Start: room} // through rooms.Join(spec)
//	...
//	results, err := desk.Broadcast(ctx, "rooms", Alarm{})
//	err = desk.BroadcastAll(ctx, Alarm{})
//
// A group is named, and found by its name, or anonymous, of which there may be any
// number. A Handler of one's own keeps a register, counts, or delivers in another way;
// ready are ToEveryone and ToOne. Whoever only wants to send to a set of processes, and need not hear
// of its changes, uses package distributor, of which this is made.
//
// # What is ordered
//
// The handler of a group is notified of one change after the other, in the order in
// which they happened, and never by two goroutines at once. A broadcast goes to those who are
// registered when it begins; whether the handler has been told of the last of them is not said.
//
// # What may be lost
//
// Nothing in silence: a broadcast returns what came of it for each who was to get it.
// A panic of a handler is that of whoever registers, removes or broadcasts: for a child
// that joins, a failed start. The notifications behind it are still delivered.
//
// # Who may call
//
// Everything, from any goroutine, also a handler from within its own calls. A handler
// is called on the goroutine of whoever registers, or on that of another who is just being
// served, and should be quick.
//
// # How it stops
//
// A Dispatcher is a plain value of one system, with nothing of its own that runs. Closing
// a group takes its name back and lets nobody in any more.
package dispatcher
