package bastiontest

import (
	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/executor"
)

// History is the account of all messages of the run so far, if Options.History asks
// for one; else nil.
func (s *Sim) History() *History { return s.history }

// heard passes a step on to what wants to hear it.
func (s *Sim) heard(step executor.Step) {
	if s.hear != nil {
		s.hear(step)
	}
}

// judge holds the history against the contracts when everything has stopped.
func (s *Sim) judge() {
	if s.history == nil || s.seeded == nil {
		return
	}
	rules := Rules{Limit: shownTrouble}
	if len(s.systems) > 0 {
		var sum bastion.Books
		for _, sys := range s.systems {
			b := sys.Inspector().Books()
			sum.Accepted, sum.Handled, sum.Failed = sum.Accepted+b.Accepted, sum.Handled+b.Handled, sum.Failed+b.Failed
			sum.InHand, sum.Mailboxes, sum.Discarded = sum.InHand+b.InHand, sum.Mailboxes+b.Mailboxes, sum.Discarded+b.Discarded
			rules.Running = rules.Running || sys.Inspector().State() != "stopped"
		}
		rules.Books = &sum
	}
	for _, v := range s.history.Check(rules) {
		s.add(trouble{key: "history " + v.Contract, text: v.String()})
	}
}
