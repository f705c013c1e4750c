package demo

import (
	"context"
	"fmt"
	"path"
	"time"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/examples/kv/kvstore"
)

// restTime is how long the service may take to come to rest once nobody loads or fails it: longer than any hang.
const restTime = 20 * time.Second

// fault notes that a check did not hold.
func (r *run) fault(format string, values ...any) {
	r.report.Faults = append(r.report.Faults, fmt.Sprintf(format, values...))
}

// settle checks the running service, with load and chaos over: everything must be up again, and every key readable.
func (r *run) settle(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 2*restTime+patience)
	defer cancel()
	if down := r.awaitAllUp(ctx); down != "" {
		r.fault("%s did not come back", down)
	}
	r.report.ReadBack = r.fleet.readBack(ctx, func(key string, life uint64) bool { return life == r.lives(key) })
	r.report.tree = r.sys.Inspector().Tree()
	r.fleet.leave()

	r.report.Restarts, r.report.RestartsDue = restarts(r.report.tree), r.chaos.due.Load()
	// Somebody who has joined in with CRASH adds restarts of their own; there can never be too few.
	if r.report.Restarts < r.report.RestartsDue {
		r.fault("%d failures called for a restart, and there were %d", r.report.RestartsDue, r.report.Restarts)
	}
	if wrong, sample := r.tally.accusations(); wrong > 0 {
		for _, text := range sample {
			r.fault("%s", text)
		}
		if more := wrong - uint64(len(sample)); more > 0 {
			r.fault("and %d more wrong answers", more)
		}
	}
}

// awaitAllUp waits until every process that is to run does, with nothing left to handle. It returns who does not.
func (r *run) awaitAllUp(ctx context.Context) (down string) {
	ctx, cancel := context.WithTimeout(ctx, restTime)
	defer cancel()
	for ; ctx.Err() == nil; pause(ctx, 5*time.Millisecond) {
		tree := r.sys.Inspector().Tree()
		// A member of a group that was stopped for good is not in the tree any more.
		if shards := child(child(tree, "kv"), "shards"); len(shards.Children)+shards.Omitted < r.o.Shards {
			down = fmt.Sprintf("%d of %d shards", r.o.Shards-len(shards.Children)-shards.Omitted, r.o.Shards)
		} else if down = notUp(tree); down == "" {
			return ""
		}
	}
	return down
}

// notUp is the path of a process that is not running or has messages left; the clients' processes are not looked at.
func notUp(n bastion.Node) string {
	switch {
	case n.Kind == bastion.KindGroup && n.Name == "connections":
		return ""
	case n.State.String() != "running" || n.Mailbox > 0 || n.InHand:
		return fmt.Sprintf("%s (%v, %d messages)", n.Path, n.State, n.Mailbox)
	}
	for _, c := range n.Children {
		if down := notUp(c); down != "" {
			return down
		}
	}
	return ""
}

// lives is the incarnation of the shard that owns a key, as the inspector shows it; 0 if it shows none.
func (r *run) lives(key string) uint64 {
	shards := r.service.Group("shards")
	node, err := r.sys.Inspector().Node(path.Join(shards.Path(), fmt.Sprint(kvstore.Owner(key, r.o.Shards))))
	if err != nil {
		return 0
	}
	return node.Incarnation
}

// stop ends the service from outside to inside and checks the books at rest, once with the data still there and once with
// the whole system stopped.
func (r *run) stop(ctx context.Context) {
	limited, cancel := context.WithTimeout(ctx, restTime)
	defer cancel()
	if err := r.service.Child("listener").Stop(limited); err != nil {
		r.fault("the listener did not stop: %v", err)
	}
	if err := r.service.Group("connections").Stop(limited); err != nil {
		r.fault("the connections did not stop: %v", err)
	}
	books := r.awaitRest(limited)
	r.report.AtRest = newBooksRow(books)
	r.checkBooks("at rest", books)

	if err := r.sys.Stop(limited); err != nil && ctx.Err() == nil {
		r.fault("the system did not stop as it should: %v", err)
	}
	if err := r.sys.Wait(); err != nil && ctx.Err() == nil {
		r.fault("the system stopped, and says: %v", err)
	}
	books = r.sys.Inspector().Books()
	r.report.Stopped = newBooksRow(books)
	r.checkBooks("after the stop", books)
}

func (r *run) awaitRest(ctx context.Context) bastion.Books {
	for {
		books := r.sys.Inspector().Books()
		if atRest(books) || ctx.Err() != nil {
			return books
		}
		pause(ctx, 5*time.Millisecond)
	}
}

func atRest(b bastion.Books) bool { return !b.Live && b.InHand == 0 && b.Mailboxes == 0 }

func (r *run) checkBooks(when string, b bastion.Books) {
	switch {
	case !b.Balanced():
		r.fault("the books do not balance %s: %s", when, booksLine(b))
	case !atRest(b):
		r.fault("the system is not at rest %s: %s", when, booksLine(b))
	}
}

// conclude fills the rest of the report.
func (r *run) conclude() Report {
	p := &r.report
	p.Seed, p.Shards, p.Clients = r.o.Seed, r.o.Shards, r.o.Clients
	p.Answered, p.Refused, p.Cut = r.tally.answered.Load(), r.tally.refused.Load(), r.tally.cut.Load()
	p.P50, p.P99 = r.tally.latency.quantile(0.5), r.tally.latency.quantile(0.99)
	p.Connects, p.Retired = r.tally.connects.Load(), r.tally.retired.Load()
	p.Reads, p.Writes = r.tally.reads.Load(), r.tally.writes.Load()
	p.Wrong, _ = r.tally.accusations()
	p.Injected, p.Missed = r.chaos.injected(), r.chaos.missed.Load()
	p.DeadLetters, p.LateAnswers = r.letters.Load(), r.late.Load()
	if p.Clients > 0 && p.Answered == 0 {
		r.fault("not one request was answered")
	}
	p.Passed, p.Faults = len(p.Faults) == 0, append([]string{}, p.Faults...) // in JSON none is a list, too
	return *p
}
