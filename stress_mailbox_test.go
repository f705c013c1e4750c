package bastion_test

import (
	"math/rand/v2"
	"time"

	"github.com/bastion-go/bastion"
)

// stressMailbox is one of those that keep the order of each sender; every second one has no bound.
func stressMailbox(rng *rand.Rand) (m bastion.Mailbox) {
	if rng.IntN(2) == 0 {
		return m
	}
	m.Bound, m.Full, m.Fair = 1+rng.IntN(8), bastion.Overflow(rng.IntN(4)), rng.IntN(2) == 0
	if rng.IntN(3) == 0 {
		m.TTL = time.Duration(1+rng.IntN(20)) * time.Millisecond
	}
	return m
}
