package bastion

import "sync/atomic"

// What the owner of a process has in hand.
const (
	handEmpty  = 0 // not in user code
	handQueued = 1 // a message that was taken out of the mailbox
	handFolded = 2 // a message that is still at the mailbox's head
	handHook   = 3 // a hook, or a loop before its first message
	handGone   = 4 // it was abandoned, and has returned
)

// A hand tells others whether the owner of a process is in user code. The owner
// alone writes it.
//
// It is one side of a handshake with whoever wants to abandon the incarnation:
//
//	owner:     hand=n   user code   hand=0   FENCE   read state (settle)
//	abandoner: state|=abandoning   FENCE   read hand, if not 0: CAS state (abandon)
//
// Either the owner sees the abandoner's mark, or the abandoner sees the hand
// empty. enter needs no fence: an abandoner that sees the hand empty too long
// looks again. The fence after a message is the locked operation that finishes
// it in the mailbox anyway (Fold); elsewhere leave is one.
type hand struct{ v atomic.Uint32 }

func (h *hand) load() uint32 { return h.v.Load() }

// leave empties the hand with a full barrier.
func (h *hand) leave() { h.v.Store(handEmpty) }
