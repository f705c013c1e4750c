package mailboxtest

import (
	"math/rand/v2"
	"testing"

	"github.com/bastion-go/bastion"
)

// RunQueue tests a queue, alone and in mailboxes of several kinds. make is called
// for each queue that is needed.
func RunQueue(t *testing.T, make func() bastion.Queue) {
	t.Run("alone", func(t *testing.T) { alone(t, make()) })
	for name, m := range map[string]bastion.Mailbox{
		"unbounded":     {},
		"refuse new":    {Bound: 10},
		"drop new":      {Bound: 10, Full: bastion.DropNew},
		"drop oldest":   {Bound: 10, Full: bastion.DropOldest},
		"wait for room": {Bound: 10, Full: bastion.WaitForRoom},
	} {
		m.Queue = func() bastion.Queue { return &checked{t: t, q: make()} }
		t.Run(name, func(t *testing.T) { Run(t, m) })
	}
}

// alone pushes and pops by chance, and wants each letter back once and as it was.
func alone(t *testing.T, q bastion.Queue) {
	c := &checked{t: t, q: q}
	rng := rand.New(rand.NewPCG(1, 2))
	next := 0
	for range 20 {
		for range 200 {
			if rng.IntN(5) < 3 {
				c.Push(bastion.Letter{Message: Message{rng.IntN(8), next}, Bytes: next % 7})
				next++
			} else {
				c.Pop()
			}
		}
		for len(c.in) > 0 && !t.Failed() {
			c.Pop()
		}
		c.Pop() // none
		if t.Failed() {
			return
		}
	}
}

// checked is a queue whose every answer is looked at. The mailbox calls it one call at a time.
type checked struct {
	t  *testing.T
	q  bastion.Queue
	in map[bastion.Letter]int
}

// Push implements bastion.Queue.
func (c *checked) Push(l bastion.Letter) {
	if c.in == nil {
		c.in = make(map[bastion.Letter]int)
	}
	c.in[l]++
	c.q.Push(l)
}

// Pop implements bastion.Queue.
func (c *checked) Pop() (bastion.Letter, bool) {
	l, ok := c.q.Pop()
	switch {
	case !ok && len(c.in) > 0:
		c.t.Errorf("Pop says that none waits; %d do", len(c.in))
	case ok && c.in[l] == 0:
		c.t.Errorf("Pop gave out %+v, which does not wait", l.Message)
	case ok:
		if c.in[l]--; c.in[l] == 0 {
			delete(c.in, l)
		}
	}
	return l, ok
}
