package distributor

import (
	"errors"
	"fmt"
	"strings"

	"github.com/bastion-go/bastion"
)

// A Spec describes a Distributor. It is plain data whose zero value works.
type Spec struct {
	// Name is for errors and people.
	Name string
	// Strategy chooses the recipient of what goes to one. Nil: new(RoundRobin).
	Strategy Strategy
	// Attempts is how many members one message is offered to. Zero: to each, once.
	Attempts int
	// Groups are followed from the start, as by Follow.
	Groups []*bastion.Group
}

var (
	// ErrNoMembers: there is nobody to send to. Nothing was sent.
	ErrNoMembers = errors.New("distributor: no members")
	// ErrNoKey: the strategy chooses by key and the message has none. Nothing was sent.
	ErrNoKey = errors.New("distributor: message has no key")
	// ErrNoChoice: the strategy chose somebody who is no member. Nothing was sent.
	ErrNoChoice = errors.New("distributor: strategy chose no member")
)

// A NobodyError says that no member has accepted the message, or, of AskFirst, that
// none has answered it. It is each of their errors for errors.Is: bastion.ErrFull,
// bastion.ErrStopped, and so on.
type NobodyError struct {
	Distributor string   // its name
	Results     []Result // of those who were tried
}

func (e *NobodyError) Error() string {
	const shown = 3
	var b strings.Builder
	fmt.Fprintf(&b, "distributor %q: nobody of %d", e.Distributor, len(e.Results))
	for _, r := range e.Results[:min(shown, len(e.Results))] {
		fmt.Fprintf(&b, "; %s: %v", r.To.Path(), r.Err)
	}
	return b.String()
}

// Unwrap are the errors of those who were tried.
func (e *NobodyError) Unwrap() []error {
	all := make([]error, len(e.Results))
	for i, r := range e.Results {
		all[i] = r.Err
	}
	return all
}

// A Result is what came of a message to one member.
type Result struct {
	To  bastion.Ref // whom it was for
	Err error       // of telling, nil: it has accepted the message
}

func (s *Spec) check() error {
	var faults []string
	if s.Attempts < 0 {
		faults = append(faults, fmt.Sprintf("Attempts: must not be negative, is %d", s.Attempts))
	}
	if c, ok := s.Strategy.(interface{ faults() []string }); ok {
		for _, f := range c.faults() {
			faults = append(faults, "Strategy."+f)
		}
	}
	for i, g := range s.Groups {
		if g.Edition() == 0 {
			faults = append(faults, fmt.Sprintf("Groups[%d]: is nobody", i))
		}
	}
	if faults != nil {
		return &bastion.SpecError{Faults: faults}
	}
	return nil
}
