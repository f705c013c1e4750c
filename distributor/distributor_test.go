package distributor_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/distributor"
	"github.com/bastion-go/bastion/executor"
)

func TestDistributor_NoMembers(t *testing.T) {
	sys, _ := up(t)
	d := must(distributor.New(sys, distributor.Spec{Name: "empty"}))
	wantErr(t, "TellOne", d.TellOne(outside, job(1)), distributor.ErrNoMembers)
	_, err := d.TellEveryone(outside, job(1))
	wantErr(t, "TellEveryone", err, distributor.ErrNoMembers)
	_, err = distributor.Request(outside, d, who{})
	wantErr(t, "Request", err, distributor.ErrNoMembers)
	_, err = distributor.AskEveryone[bastion.Ref](outside, d, who{})
	wantErr(t, "AskEveryone", err, distributor.ErrNoMembers)
	wantErr(t, "AskFirst", distributor.AskFirst[bastion.Ref](outside, d, who{}).Err, distributor.ErrNoMembers)
	if d.Name() != "empty" || d.Len() != 0 || len(d.Members()) != 0 {
		t.Error(d.Name(), d.Len(), d.Members())
	}
}

func TestDistributor_BadSpecNamesTheField(t *testing.T) {
	sys, _ := up(t)
	_, err := distributor.New(sys, distributor.Spec{Attempts: -1, Strategy: distributor.ConsistentHash{Points: -1}, Groups: []*bastion.Group{nil}})
	var bad *bastion.SpecError
	if !errors.As(err, &bad) || len(bad.Faults) != 3 {
		t.Fatal(err)
	}
	for _, field := range []string{"Attempts:", "Strategy.Points:", "Groups[0]:"} {
		if !strings.Contains(err.Error(), field) {
			t.Errorf("%v does not name %s", err, field)
		}
	}
	_, err = distributor.New(sys, distributor.Spec{Strategy: &distributor.Sticky{Keys: -1}})
	if !errors.As(err, &bad) || !strings.Contains(err.Error(), "Strategy.Keys") {
		t.Error(err)
	}
}

// TestBastionBug_ADeadRecipientIsNotRetried: the one after it gets the message, once.
func TestBastionBug_ADeadRecipientIsNotRetried(t *testing.T) {
	var n notebook
	sys, _ := up(t)
	d := must(distributor.New(sys, distributor.Spec{Name: "work"}))
	sup := must(sys.Supervise(bastion.SupervisorSpec{Name: "late", Children: []bastion.ChildSpec{
		{Name: "a", Start: n.worker()}, {Name: "b", Start: n.worker()}, {Name: "c", Start: n.worker()},
	}}))
	for _, name := range []string{"a", "b", "c"} {
		if !d.Add(sup.Child(name)) {
			t.Fatal("not added")
		}
	}
	for _, dead := range []string{"a", "c"} {
		if err := sup.Child(dead).Stop(outside); err != nil {
			t.Fatal(err)
		}
	}
	for j := range job(30) {
		wantErr(t, "TellOne", d.TellOne(outside, j), nil)
		if ref, err := distributor.Request(outside, d, who{}); ref != sup.Child("b") || err != nil {
			t.Fatal(ref, err)
		}
		if by := n.by(j); len(by) != 1 || by[0] != sup.Child("b") {
			t.Fatalf("job %d by %v", j, by)
		}
	}
	if err := sup.Child("b").Stop(outside); err != nil {
		t.Fatal(err)
	}
	err := d.TellOne(outside, job(99))
	var nobody *distributor.NobodyError
	if !errors.As(err, &nobody) || len(nobody.Results) != 3 || nobody.Distributor != "work" {
		t.Fatal(err)
	}
	wantErr(t, "all dead", err, bastion.ErrStopped)
	_, err = distributor.Request(outside, d, who{})
	wantErr(t, "all dead", err, bastion.ErrStopped)
	first := distributor.AskFirst[bastion.Ref](outside, d, who{})
	wantErr(t, "all dead", first.Err, bastion.ErrStopped)
}

func TestDistributor_AttemptsBoundTheSearch(t *testing.T) {
	var n notebook
	sys, sup := up(t, bastion.ChildSpec{Name: "a", Start: n.worker()}, bastion.ChildSpec{Name: "b", Start: n.worker()}, bastion.ChildSpec{Name: "c", Start: n.worker()})
	d := must(distributor.New(sys, distributor.Spec{Attempts: 2}))
	for _, name := range []string{"a", "b", "c"} {
		d.Add(sup.Child(name))
		if err := sup.Child(name).Stop(outside); err != nil {
			t.Fatal(err)
		}
	}
	var nobody *distributor.NobodyError
	if err := d.TellOne(outside, job(1)); !errors.As(err, &nobody) || len(nobody.Results) != 2 {
		t.Error(err)
	}
}

// TestBastionBug_OneFailingRecipientRobsTheOthers: everyone else is told, and asked.
func TestBastionBug_OneFailingRecipientRobsTheOthers(t *testing.T) {
	var n notebook
	sys, sup := up(t, bastion.ChildSpec{Name: "a", Start: n.worker()}, bastion.ChildSpec{Name: "b", Start: n.worker()}, bastion.ChildSpec{Name: "c", Start: n.worker()})
	d := must(distributor.New(sys, distributor.Spec{}))
	for _, name := range []string{"a", "b", "c"} {
		d.Add(sup.Child(name))
	}
	if err := sup.Child("a").Stop(outside); err != nil {
		t.Fatal(err)
	}
	results, err := d.TellEveryone(outside, job(1))
	if err != nil || len(results) != 3 || !errors.Is(results[0].Err, bastion.ErrStopped) || results[1].Err != nil || results[2].Err != nil {
		t.Fatal(results, err)
	}
	answers, err := distributor.AskEveryone[bastion.Ref](outside, d, who{})
	if err != nil || len(answers) != 3 || !errors.Is(answers[0].Err, bastion.ErrStopped) || answers[1].Value != sup.Child("b") || answers[2].Value != sup.Child("c") {
		t.Fatal(answers, err)
	}
	if by := n.by(1); len(by) != 2 {
		t.Error(by)
	}
	if a := distributor.AskFirst[bastion.Ref](outside, d, who{}); a.Err != nil || a.Value != a.From || a.From == sup.Child("a") {
		t.Errorf("%+v", a)
	}
}

// TestDistributor_WhatIsTheSendersOwnIsSaidAtOnce: nobody is tried for what nobody can take.
func TestDistributor_WhatIsTheSendersOwnIsSaidAtOnce(t *testing.T) {
	var n notebook
	ended := make(chan *bastion.Context, 1)
	sys, sup := up(t, n.workers(3), bastion.ChildSpec{Name: "gone", Restart: bastion.Temporary, Start: bastion.Loop(func(ctx *bastion.Context) error { ended <- ctx; return nil })})
	d := over(sys, sup, nil)
	wantErr(t, "nil", d.TellOne(outside, nil), bastion.ErrNilMessage)
	_, err := d.TellEveryone(outside, nil)
	wantErr(t, "nil", err, bastion.ErrNilMessage)
	ctx := <-ended
	<-ctx.Done()
	for d.TellOne(ctx, job(1)) == nil { // its end comes a moment after its Context's
	}
	wantErr(t, "ended", d.TellOne(ctx, job(1)), bastion.ErrEnded)
	_, err = distributor.Request(ctx, d, who{})
	if !errors.Is(err, bastion.ErrEnded) && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	_, err = d.TellEveryone(ctx, job(1))
	wantErr(t, "ended", err, bastion.ErrEnded)
}

// TestD1_AFailedAnswerIsNotAskedAgain: whoever has accepted the question was the only one.
func TestD1_AFailedAnswerIsNotAskedAgain(t *testing.T) {
	var mu sync.Mutex
	asked := 0
	sys, sup := up(t, bastion.ChildSpec{Name: "workers", Count: 4, Intensity: bastion.Unlimited, Start: bastion.Handle(func() bastion.Receiver {
		return bastion.ReceiverFunc(func(*bastion.Context, any) error {
			mu.Lock()
			defer mu.Unlock()
			asked++
			return errBoom
		})
	})})
	a := distributor.AskOne[bastion.Ref](outside, over(sys, sup, nil), who{})
	var failed *bastion.FailedError
	if !errors.As(a.Err, &failed) || a.From.IsZero() {
		t.Errorf("%+v", a)
	}
	mu.Lock()
	defer mu.Unlock()
	if asked != 1 {
		t.Errorf("asked %d", asked)
	}
}

// TestD1_UnderChurn: members crash, stop and come while many send; what was accepted is handled once, or in the books.
func TestD1_UnderChurn(t *testing.T) {
	for seed := range uint64(200) {
		var n notebook
		seeded(t, seed, func(run *executor.Seeded, sys *bastion.System, sup *bastion.Supervisor) {
			g, letters := sup.Group("workers"), sys.DeadLetters(1000)
			strategies := []distributor.Strategy{nil, distributor.Random{}, distributor.LeastMailbox{}, distributor.TwoChoices{},
				distributor.ConsistentHash{Key: byJob}, &distributor.Sticky{Key: byJob}}
			d := over(sys, sup, strategies[seed%uint64(len(strategies))])
			accepted, busy := map[job]bool{}, 4
			for s := range 3 {
				run.Go(fmt.Sprint("sender ", s), func() {
					for i := range 12 {
						j := job(s*100 + i)
						if err := d.TellOne(outside, j); err == nil {
							accepted[j] = true
						} else if !errors.Is(err, distributor.ErrNoMembers) && !errors.Is(err, bastion.ErrStopped) {
							t.Errorf("seed %d: %v", seed, err)
						}
					}
					busy--
				})
			}
			run.Go("churn", func() {
				for i := range 8 {
					m := g.Serving()
					switch {
					case len(m) == 0 || i%4 == 0:
						_, _ = g.Spawn(outside)
					case i%4 == 1:
						_ = m[0].Tell(outside, fail{})
					default:
						_ = m[len(m)-1].Drain(outside)
					}
				}
				busy--
			})
			run.Wait("all", nil, func() bool { return busy == 0 })
			_ = g.Drain(outside)
			dead := deadJobs(letters) // of a member that crashed while it drained
			for j := range accepted {
				if by := len(n.by(j)); by+dead[j] != 1 {
					t.Errorf("seed %d: job %d was handled %d times and is %d dead letters", seed, j, by, dead[j])
				}
			}
			if n.len()+len(dead) != len(accepted) {
				t.Errorf("seed %d: %d accepted, %d handled, %d dead letters", seed, len(accepted), n.len(), len(dead))
			}
		}, n.workers(3))
	}
}

// deadJobs counts the jobs among the dead letters so far.
func deadJobs(letters *bastion.Subscription[bastion.DeadLetter]) map[job]int {
	dead := map[job]int{}
	for len(letters.C()) > 0 {
		if j, ok := (<-letters.C()).Message.(job); ok {
			dead[j]++
		}
	}
	return dead
}

func byJob(msg any) uint64 {
	j, _ := msg.(job)
	return uint64(j)
}

// TestDistributor_FromManyGoroutines: membership changes while many send, under the race detector.
func TestDistributor_FromManyGoroutines(t *testing.T) {
	var n notebook
	sys, sup := up(t, n.workers(4), bastion.ChildSpec{Name: "extra", Start: n.worker()})
	for _, s := range []distributor.Strategy{nil, distributor.Random{}, distributor.LeastMailbox{}, distributor.TwoChoices{},
		distributor.ConsistentHash{Key: byJob, Points: 8}, &distributor.Sticky{Key: byJob, Keys: 64}} {
		n = notebook{}
		d := over(sys, sup, s)
		const each = 300
		var senders, churn sync.WaitGroup
		over := make(chan struct{})
		churn.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
				}
				d.Add(sup.Child("extra"))
				if ref, err := sup.Group("workers").Spawn(outside); err == nil {
					_ = ref.Drain(outside)
				}
				d.Remove(sup.Child("extra"))
			}
		})
		for s := range 8 {
			senders.Go(func() {
				for i := range each {
					wantErr(t, "TellOne", d.TellOne(outside, job(s*each+i)), nil)
				}
			})
		}
		senders.Wait()
		close(over)
		churn.Wait()
		d.Add(sup.Child("extra"))
		flush(t, d)
		if n.len() != 8*each {
			t.Errorf("%T: %d handled", s, n.len())
		}
		for j := range job(8 * each) {
			if by := n.by(j); len(by) != 1 {
				t.Errorf("%T: job %d by %v", s, j, by)
			}
		}
	}
}

func TestDistributor_SenderIsTheProcess(t *testing.T) {
	senders := make(chan bastion.Ref, 2)
	sys, sup := up(t,
		bastion.ChildSpec{Name: "workers", Count: 1, Start: bastion.Handle(func() bastion.Receiver {
			return bastion.ReceiverFunc(func(ctx *bastion.Context, _ any) error { senders <- ctx.Sender(); return nil })
		})},
		bastion.ChildSpec{Name: "boss", Start: bastion.Handle(func() bastion.Receiver {
			return bastion.ReceiverFunc(func(ctx *bastion.Context, msg any) error {
				return msg.(*distributor.Distributor).TellOne(ctx, job(1))
			})
		})})
	d := over(sys, sup, nil)
	wantErr(t, "boss", sup.Child("boss").Tell(outside, d), nil)
	if from := <-senders; from != sup.Child("boss") {
		t.Error(from)
	}
	wantErr(t, "outside", d.TellOne(outside, job(1)), nil)
	if from := <-senders; !from.IsZero() {
		t.Error(from)
	}
}

// TestBastionBug_DistributorsAreGlobal: two of one name know nothing of each other.
func TestBastionBug_DistributorsAreGlobal(t *testing.T) {
	var n notebook
	sys, sup := up(t, n.workers(1))
	a := over(sys, sup, nil)
	b := must(distributor.New(sys, distributor.Spec{Name: "work"}))
	if a.Len() != 1 || b.Len() != 0 || !slices.Equal(a.Members(), sup.Group("workers").Members()) {
		t.Error(a.Members(), b.Members())
	}
}
