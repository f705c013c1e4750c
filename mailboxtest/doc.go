// Package mailboxtest holds what every mailbox must do, as tests that a program runs on a mailbox of its own: one with
// its own Priority, Key, Size or TTLOf, or with a Queue.
//
//	func TestByUrgency(t *testing.T) {
//		mailboxtest.Run(t, bastion.Mailbox{Bound: 100, Full: bastion.WaitForRoom, Priority: urgency})
//	}
//
//	func TestShortestFirst(t *testing.T) {
//		mailboxtest.RunQueue(t, func() bastion.Queue { return new(shortestFirst) })
//	}
//
// # What is tested
//
// The mailbox of a handler and of a loop under 64 senders at once, from outside and from processes: the bound is never
// exceeded, and nothing is handled twice; each send says the truth; the messages of one sender keep their order within
// a priority (not with a Key or a Queue, which may change it); what is lost is counted and says why, so that the books
// balance to the message; restarts, drain, stop and kill go through a full mailbox, and release those who wait for room;
// a Down comes behind what its subject has sent, and passes the bound. The functions of the mailbox are given values of
// type [Message] and [Question].
//
// # Use
//
// Run and RunQueue start systems of their own, in subtests, and stop them before they return. Both belong on the
// goroutine of the test. They take a second or so, and are of most use under the race detector.
package mailboxtest
