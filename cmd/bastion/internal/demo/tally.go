package demo

import (
	"sync"
	"sync/atomic"
	"time"
)

// tally is what the clients count together.
type tally struct {
	answered atomic.Uint64 // requests with a proper answer
	refused  atomic.Uint64 // requests answered with ERR
	cut      atomic.Uint64 // requests whose connection ended first
	connects atomic.Uint64

	unconnected atomic.Uint64 // attempts to connect that failed
	writes      atomic.Uint64 // of answered: those that changed something
	reads       atomic.Uint64 // of answered: those that were checked against the last answered write
	lost        atomic.Uint64 // values that the whole program had in memory when it died
	retired     atomic.Uint64 // keys given up because nobody can know any more what they hold
	latency     histogram     // of answered

	// onAnswer is called with each new count of answered. It is set before the clients start and may be nil.
	onAnswer func(answered uint64)

	mu      sync.Mutex
	trouble error    // why the last such attempt failed
	wrong   uint64   // answers that no correct service could have given
	sample  []string // the first few of them, in words
}

// maxSample is how many wrong answers are told in words: the first say what is wrong, the rest that it goes on.
const maxSample = 10

func (t *tally) accuse(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.wrong++
	if len(t.sample) < maxSample {
		t.sample = append(t.sample, err.Error())
	}
}

// unable counts an attempt to connect that failed.
func (t *tally) unable(err error) {
	t.unconnected.Add(1)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.trouble = err
}

func (t *tally) lastTrouble() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.trouble
}

func (t *tally) accusations() (uint64, []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.wrong, append([]string(nil), t.sample...)
}

func (t *tally) answer(d time.Duration) {
	t.latency.add(d)
	if n := t.answered.Add(1); t.onAnswer != nil {
		t.onAnswer(n)
	}
}
