package demo

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/bastion-go/bastion/examples/kv/kvstore"
)

// content is what a key holds: a text, or nothing.
type content struct {
	text  string
	found bool
}

func (c content) String() string {
	if !c.found {
		return "nothing"
	}
	return fmt.Sprintf("%.60q", c.text)
}

// An entry is what its one owner knows of a key.
type entry struct {
	name   string
	life   uint64            // which answered last; 0: none yet
	known  content           // what the key held in that life, at that answer
	doubts []kvstore.Command // changes sent since then and not answered, in order
}

// doubt notes a change that was sent and not answered: it may have happened, or may happen until a later command on the
// same connection is answered.
func (e *entry) doubt(c kvstore.Command) {
	if c.Verb != "GET" {
		e.doubts = append(e.doubts, c)
	}
}

// settle takes the answer to a command and says whether any correct service could have given it.
func (e *entry) settle(c kvstore.Command, a answer) error {
	if a.life < e.life {
		return fmt.Errorf("%s %s: life %d answered after life %d had", c.Verb, e.name, a.life, e.life)
	}
	before := e.possible(a.life)
	after, fits := outcome(c, a)
	if !slices.ContainsFunc(before, fits) {
		return fmt.Errorf("%s %s: answered %q in life %d, where it can only hold %v (%s)",
			c.Verb, e.name, a.word+" "+a.text, a.life, before, e.reason(a.life))
	}
	e.life, e.known, e.doubts = a.life, after, nil
	return nil
}

// possible lists what the key may hold in a life: what that life is known to have held, or nothing if it is a new life,
// each changed by any of the doubtful commands.
func (e *entry) possible(life uint64) []content {
	all := []content{e.known}
	if life > e.life {
		all[0] = content{}
	}
	for _, c := range e.doubts {
		for _, held := range all {
			if next := apply(held, c); !slices.Contains(all, next) {
				all = append(all, next)
			}
		}
	}
	return all
}

func (e *entry) reason(life uint64) string {
	if life > e.life {
		return fmt.Sprintf("the last answer came from life %d, with %d changes unanswered since", e.life, len(e.doubts))
	}
	return fmt.Sprintf("the last answer left %v, with %d changes unanswered since", e.known, len(e.doubts))
}

// apply is the service, as far as one key goes.
func apply(held content, c kvstore.Command) content {
	switch c.Verb {
	case "SET":
		return content{c.Value, true}
	case "DEL":
		return content{}
	case "INCR":
		return content{strconv.FormatUint(number(held)+1, 10), true}
	}
	return held
}

// outcome is what the key holds after an answered command, and the test of what it may have held before.
func outcome(c kvstore.Command, a answer) (after content, fits func(content) bool) {
	got := content{a.text, a.word == "VALUE"}
	switch c.Verb {
	case "SET":
		return content{c.Value, true}, func(content) bool { return a.word == "OK" }
	case "DEL":
		return content{}, func(held content) bool { return held.found == (a.word == "OK") && a.word != "VALUE" }
	case "INCR":
		return got, func(held content) bool { return apply(held, c) == got }
	}
	return got, func(held content) bool { return held == got && a.word != "OK" }
}

// number reads a counter; nothing counts as zero, as in the service.
func number(held content) uint64 {
	n, _ := strconv.ParseUint(held.text, 10, 64)
	return n
}
