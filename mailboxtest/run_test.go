package mailboxtest_test

import (
	"testing"
	"time"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/mailboxtest"
)

func number(msg any) int {
	switch m := msg.(type) {
	case mailboxtest.Message:
		return m.Number
	case mailboxtest.Question:
		return m.Number
	}
	return -1
}

// shortLived gives the messages of the crowd no time, and those that hold the receiver all there is.
func shortLived(msg any) time.Duration {
	if m, ok := msg.(mailboxtest.Message); ok && m.Sender >= 0 && m.Number > 0 {
		return time.Microsecond
	}
	return time.Hour
}

func priority(msg any) int { return number(msg) % 3 }

// Bastion's own mailboxes are held to what it asks of others.
func TestRun(t *testing.T) {
	for name, m := range map[string]bastion.Mailbox{
		"zero":          {},
		"one":           {Bound: 1, Full: bastion.WaitForRoom},
		"refuse new":    {Bound: 20},
		"drop new":      {Bound: 20, Full: bastion.DropNew},
		"drop oldest":   {Bound: 20, Full: bastion.DropOldest},
		"wait for room": {Bound: 20, Full: bastion.WaitForRoom},
		"bytes": {BoundBytes: 200, Full: bastion.WaitForRoom, Size: func(msg any) int {
			return number(msg) % 50
		}},
		"bytes, drop oldest": {Bound: 30, BoundBytes: 200, Full: bastion.DropOldest, Size: func(msg any) int {
			return number(msg) % 50
		}},
		"priority":           {Priority: priority},
		"priority and bound": {Bound: 20, Full: bastion.WaitForRoom, Priority: priority},
		"priority, oldest":   {Bound: 20, Full: bastion.DropOldest, Priority: priority},
		"fair":               {Fair: true},
		"fair and priority":  {Bound: 20, Full: bastion.DropOldest, Fair: true, Priority: priority},
		"latest only":        {Key: func(msg any) any { return number(msg) % 10 }},
		"latest, bounded":    {Bound: 5, Full: bastion.WaitForRoom, Key: func(msg any) any { return number(msg) % 10 }},
		"short-lived":        {Bound: 20, Full: bastion.WaitForRoom, TTLOf: shortLived},
		"everything": {
			Bound: 20, BoundBytes: 300, Full: bastion.WaitForRoom, Size: func(msg any) int { return number(msg) % 50 },
			Priority: priority, Fair: true, Key: func(msg any) any {
				if number(msg)%2 == 0 {
					return nil
				}
				return number(msg) % 10
			}, TTLOf: shortLived,
		},
	} {
		t.Run(name, func(t *testing.T) { mailboxtest.Run(t, m) })
	}
}

// A stack is the queue of a user.
type stack struct{ letters []bastion.Letter }

func (s *stack) Push(l bastion.Letter) { s.letters = append(s.letters, l) }

func (s *stack) Pop() (l bastion.Letter, ok bool) {
	last := len(s.letters) - 1
	if last < 0 {
		return l, false
	}
	l, s.letters = s.letters[last], s.letters[:last]
	return l, true
}

func TestRunQueue(t *testing.T) {
	mailboxtest.RunQueue(t, func() bastion.Queue { return new(stack) })
}
