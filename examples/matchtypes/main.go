// Matchtypes is one process that takes many types of message, with an arm for each.
//
//	go run ./examples/matchtypes
//
// Worth a look: the same type means one thing when it is told and another when it is asked. Arms are tried in order, so
// that for an interface (here: any error) comes after those for the types it includes.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/match"
)

// The questions; whatever is told needs no type of its own.
type (
	Upper struct {
		bastion.Returns[string]
		Text rune
	}
	Sum struct {
		bastion.Returns[int]
		Numbers []int
	}
	Log struct{ bastion.Returns[[]string] }
)

type clerk struct{ log []string }

func (c *clerk) note(format string, args ...any) error {
	c.log = append(c.log, fmt.Sprintf(format, args...))
	return nil
}

func newClerk() bastion.Receiver {
	c := new(clerk)
	return match.New(
		match.Tell(func(_ *bastion.Context, n int) error { return c.note("the number %d", n) }),
		match.Tell(func(_ *bastion.Context, s string) error { return c.note("the text %q", s) }),
		match.Tell(func(_ *bastion.Context, _ Sum) error { return c.note("a sum, but nobody wants it") }),
		match.Tell(func(_ *bastion.Context, err error) error { return c.note("an error: %v", err) }), // an interface: any error
		match.Answer(func(_ *bastion.Context, q Sum) (int, error) { return sum(q.Numbers), nil }),
		match.Answer(func(_ *bastion.Context, q Upper) (string, error) { return string(q.Text - 'a' + 'A'), nil }),
		match.Answer(func(*bastion.Context, Log) ([]string, error) { return c.log, nil }),
		match.Fallback(func(_ *bastion.Context, msg any) error { return c.note("something else: %v", msg) }),
	)
}

func sum(numbers []int) (total int) {
	for _, n := range numbers {
		total += n
	}
	return total
}

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	sys, err := bastion.New(bastion.Config{Name: "office"})
	if err != nil {
		return err
	}
	sup, err := sys.Supervise(bastion.SupervisorSpec{Name: "floor", Children: []bastion.ChildSpec{
		{Name: "clerk", Start: bastion.Handle(newClerk)},
	}})
	if err != nil {
		return err
	}
	if err := sys.Start(ctx); err != nil {
		return err
	}
	defer sys.Stop(ctx)

	clerk := sup.Child("clerk")
	for _, msg := range []any{7, "seven", Sum{Numbers: []int{3, 4}}, errors.New("seven is odd"), 7.0} {
		if err := clerk.Tell(ctx, msg); err != nil {
			return err
		}
	}
	fmt.Println(bastion.Ask(ctx, clerk, Sum{Numbers: []int{3, 4}}))
	fmt.Println(bastion.Ask(ctx, clerk, Upper{Text: 'q'}))
	lines, err := bastion.Ask(ctx, clerk, Log{})
	for _, line := range lines {
		fmt.Println(line)
	}
	return err
}
