// Package resizer makes a process that grows and shrinks a group of alike children by
// the work that waits for them.
//
// # How to use it
//
//	bastion.SupervisorSpec{Name: "mill", Children: []bastion.ChildSpec{
//		{Name: "workers", Group: true, Count: 2, Start: worker, Shutdown: time.Minute},
//		{Name: "resizer", Start: resizer.Run(resizer.Spec{
//			Group: "workers", // its sibling
//			Min:   2,
//			Max:   50,
//			Wait:  100 * time.Millisecond,
//		})},
//	}}
//
// It looks at the group Every so often. More than Backlog messages for each member,
// or a longer time in the queue than Wait, and it spawns some more; less than Idle of
// that for Calm looks in a row, and it drains some. What it does goes to OnResize and,
// as an EventNote, among the system's events.
//
// Work should reach the group through a followed distributor.Distributor, which sees new
// members at once, and passes over those who drain.
//
// # What it measures
//
// The backlog is what waits in the mailboxes and is in hand. The time in the queue
// follows by Little's law: what waits, divided by what was handled in a second since
// the last look. If something waits and nothing was handled, it is longer than any.
//
// # What is ordered
//
// One look after the other; each sees what the one before has done. Members drain side by side.
//
// # What may be lost
//
// Nothing: a member that is to go is told no more, handles all that it had accepted, and
// then closes its mailbox in the moment in which it is empty. The group's Shutdown
// time bounds that; what a member has not handled by then, or when it crashes while it
// drains, goes to the dead letters, and is counted.
//
// # Who may call
//
// A Spec is plain data; one may be used for many children, by any goroutine. Anybody may send
// the process a [Need], and ask it for [Status].
//
// # How it stops
//
// As any loop process, at once; members that drain go on. If it fails it is started
// again as its supervisor says, and begins with what it then finds: the state is the group's.
package resizer
