package bastion

import "github.com/bastion-go/bastion/internal/mailbox"

// Short names for the mailbox package's types as used here.
type (
	node   = mailbox.Node[envelope]
	pushed = mailbox.Pushed
)

const (
	pushedQueued = mailbox.Queued
	pushedFirst  = mailbox.First
	pushedClosed = mailbox.Closed
)
