package distributor_test

import (
	"context"
	"fmt"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/distributor"
)

// Price is a question whose answer is a number of cents; Desk asks where somebody sits.
type (
	Price struct {
		bastion.Returns[int]
		Of string
	}
	Desk struct {
		bastion.Returns[string]
		Customer string
	}
)

// Key makes a Desk a message with a key.
func (d Desk) Key() uint64 { return distributor.KeyOf(d.Customer) }

type clerk struct{}

func (clerk) Receive(ctx *bastion.Context, msg any) error {
	switch q := msg.(type) {
	case Price:
		return q.Reply(ctx, 350)
	case Desk:
		return q.Reply(ctx, ctx.Self().Name())
	}
	return nil
}

func newClerk() bastion.Receiver { return clerk{} }

// shop is a running system with a group of clerks.
func shop(ctx context.Context, clerks int) (*bastion.System, *bastion.Supervisor) {
	sys := must(bastion.New(bastion.Config{Name: "shop"}))
	sup := must(sys.Supervise(bastion.SupervisorSpec{Name: "floor", Children: []bastion.ChildSpec{
		{Name: "clerks", Count: clerks, Start: bastion.Handle(newClerk)},
		{Name: "owner", Start: bastion.Handle(newClerk)},
	}}))
	if err := sys.Start(ctx); err != nil {
		panic(err)
	}
	return sys, sup
}

// The members of a group, in turns; then everybody; then whoever is first.
func Example() {
	ctx := context.Background()
	sys, sup := shop(ctx, 3)
	defer sys.Stop(ctx)

	clerks, err := distributor.New(sys, distributor.Spec{
		Name:   "clerks",
		Groups: []*bastion.Group{sup.Group("clerks")},
	})
	if err != nil {
		panic(err)
	}
	fmt.Println("told:", clerks.TellOne(ctx, "good morning") == nil)
	cents, err := distributor.Request(ctx, clerks, Price{Of: "tea"})
	fmt.Println("asked:", cents, err)

	results, err := clerks.TellEveryone(ctx, "closing time")
	fmt.Println("told everyone:", len(results), err)
	answers, err := distributor.AskEveryone(ctx, clerks, Desk{})
	for _, a := range answers {
		fmt.Println("everyone:", a.From.Path(), a.Value, a.Err)
	}
	first := distributor.AskFirst(ctx, clerks, Price{Of: "tea"})
	fmt.Println("first:", first.Value, first.Err)
	// Output:
	// told: true
	// asked: 350 <nil>
	// told everyone: 3 <nil>
	// everyone: /shop/floor/clerks/0 0 <nil>
	// everyone: /shop/floor/clerks/1 1 <nil>
	// everyone: /shop/floor/clerks/2 2 <nil>
	// first: 350 <nil>
}

// What belongs together goes to the same member.
func ExampleConsistentHash() {
	ctx := context.Background()
	sys, sup := shop(ctx, 3)
	defer sys.Stop(ctx)

	clerks := must(distributor.New(sys, distributor.Spec{
		Strategy: distributor.ConsistentHash{}, // by the Key of the message
		Groups:   []*bastion.Group{sup.Group("clerks")},
	}))
	for _, customer := range []string{"ann", "bob", "eve", "ann", "bob"} {
		a := distributor.AskOne(ctx, clerks, Desk{Customer: customer})
		fmt.Println(customer, "sits with clerk", a.Value)
	}
	fmt.Println(clerks.TellOne(ctx, "no key"))
	// Output:
	// ann sits with clerk 1
	// bob sits with clerk 2
	// eve sits with clerk 0
	// ann sits with clerk 1
	// bob sits with clerk 2
	// distributor: message has no key
}

// Members come and go by hand, with a group that is followed, or of their own accord.
func ExampleDistributor_Follow() {
	ctx := context.Background()
	sys, sup := shop(ctx, 2)
	defer sys.Stop(ctx)

	d := must(distributor.New(sys, distributor.Spec{Name: "staff"}))
	fmt.Println(d.TellOne(ctx, "anybody?"))
	d.Follow(sup.Group("clerks"))
	d.Add(sup.Child("owner"))
	fmt.Println(d.Name(), d.Len())

	extra := must(sup.Group("clerks").Spawn(ctx))
	fmt.Println("one more:", d.Len())
	if err := extra.Drain(ctx); err != nil {
		panic(err)
	}
	fmt.Println("one less:", d.Len())
	d.Remove(sup.Child("owner"))
	d.Unfollow(sup.Group("clerks"))
	fmt.Println("nobody:", len(d.Members()))

	spec := d.Join(bastion.ChildSpec{Name: "temp", Start: bastion.Handle(newClerk)})
	must(sup.Insert(ctx, spec, bastion.Position{}))
	for _, m := range d.Members() {
		fmt.Println(m.Path())
	}
	// Output:
	// distributor: no members
	// staff 3
	// one more: 4
	// one less: 3
	// nobody: 0
	// /shop/floor/temp
}

// A strategy of one's own: the owner is only asked when the clerks do not take it.
func ExampleStrategy() {
	ctx := context.Background()
	sys, sup := shop(ctx, 1)
	defer sys.Stop(ctx)

	d := must(distributor.New(sys, distributor.Spec{Strategy: inOrder{}, Groups: []*bastion.Group{sup.Group("clerks")}}))
	d.Add(sup.Child("owner"))
	clerk := sup.Group("clerks").Member(0)
	fmt.Println(distributor.AskOne(ctx, d, Desk{}).From.Path())
	if err := clerk.Stop(ctx); err != nil {
		panic(err)
	}
	fmt.Println(distributor.AskOne(ctx, d, Desk{}).From.Path())
	// Output:
	// /shop/floor/clerks/0
	// /shop/floor/owner
}

// inOrder always begins with the first.
type inOrder struct{}

func (inOrder) Pick(c distributor.Call) (int, error) { return c.Next(0), nil }
