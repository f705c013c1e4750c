package supervise_test

import (
	"fmt"
	"time"

	"github.com/bastion-go/bastion/internal/supervise"
)

// A driver in small: every start succeeds and every stop is obeyed, at once.
func Example() {
	const db, cache, web = 1, 2, 3
	m := supervise.New(supervise.RestForOne, supervise.Intensity{Max: 1, Within: 5 * time.Second})
	for _, id := range []supervise.ID{db, cache, web} {
		m.Declare(supervise.Child{ID: id}, 0)
	}
	now := time.Unix(0, 0)
	var tell func(supervise.Event)
	tell = func(ev supervise.Event) {
		var answers []supervise.Event
		for _, a := range m.Step(now, ev) {
			fmt.Println(a)
			switch a.Kind {
			case supervise.ActStart:
				answers = append(answers, supervise.Event{Kind: supervise.EvStarted, ID: a.ID})
			case supervise.ActStop:
				answers = append(answers, supervise.Event{Kind: supervise.EvExited, ID: a.ID})
			}
		}
		for _, answer := range answers {
			tell(answer)
		}
	}
	tell(supervise.Event{Kind: supervise.EvBoot})
	fmt.Println("- the cache fails")
	tell(supervise.Event{Kind: supervise.EvExited, ID: cache, Class: supervise.ClassAbnormal})
	// Output:
	// start #1
	// start #2
	// start #3
	// booted
	// - the cache fails
	// restart #2 (attempt 1, 1 in window)
	// stop #3
	// start #2
	// start #3
}

// A group of alike children needs no Machine: each exit is judged on its own.
func ExampleDecide() {
	window := supervise.NewWindow(supervise.Intensity{Max: 2, Within: time.Minute})
	backoff := supervise.Backoff{Kind: supervise.Exponential, First: time.Second}
	var member supervise.Streak
	now := time.Unix(0, 0)
	for range 3 {
		verdict := supervise.Decide(supervise.Transient, supervise.ClassAbnormal, supervise.OutcomeDefault, 0, 0)
		if verdict == supervise.VerdictRestart && window.Add(now) {
			fmt.Println("the group fails")
			break
		}
		fmt.Println(verdict, "in", backoff.Delay(member.Next(0, time.Minute), 0))
	}
	// Output:
	// restart in 1s
	// restart in 2s
	// the group fails
}
