package bastion

import (
	"strconv"
	"sync/atomic"
	"time"

	"github.com/bastion-go/bastion/executor"
	"github.com/bastion-go/bastion/internal/mailbox"
	"github.com/bastion-go/bastion/internal/relaxed"
)

// A process is one supervised child, of either kind, for its whole life: the
// same process, mailbox and reference through all its incarnations.
//
// Whoever owns the mailbox owns the fields marked "owner": the slice or goroutine
// that runs it, or, while the process is down, its supervisor's agenda.
//
// It is three cache lines long, and the allocator's size class of that length
// begins at the border of one; TestProcessLines holds both. The first line is the
// owner's, the second the senders', with what hardly ever changes, the third
// the incarnation's.
type process struct {
	state   state
	user    Receiver                // owner
	ctx     atomic.Pointer[Context] // of the present incarnation; begin writes, all read
	handled relaxed.Uint64          // owner writes, inspector reads
	box     mailbox.Box[envelope]   // its head, which senders change, begins the second line

	plan  *plan
	task  executor.Task
	ext   atomic.Pointer[ext]
	id    uint64
	since atomic.Int64 // start of the incarnation, nanoseconds on the system's clock; begin writes

	first Context // of a handler's first incarnation, which for most is the only one
	index uint32  // its number at its parent; set once
	// apart says that a member of a group does not serve: its first start is waited
	// for, or it was told to leave. The agenda writes it, under the group's mu.
	apart bool
	// sealed says that a drain has closed the mailbox before the child is gone. Owner.
	sealed bool
	grown  bool // spawned into its group, and gone with this life of it; agenda
	owed   bool // an incarnation has begun whose exit the agenda has not dealt with; agenda
}

// ext is what only some processes need.
type ext struct {
	failure  atomic.Pointer[Failure] // why this is a restart; agenda writes before begin, owner reads, also one that was abandoned since, and takes it back once it has started
	row      atomic.Int64            // failures in a row before this incarnation; agenda writes before begin, owner reads
	restarts atomic.Int64            // in its life
	failed   atomic.Uint64
	waiting  atomic.Pointer[question]   // the ask its own goroutine waits in (askMu)
	gathers  atomic.Pointer[gathering]  // the asks its own goroutine waits in, if several; written by it (askMu)
	room     atomic.Pointer[waiter]     // the room its own goroutine waits for (askMu)
	loop     *loopLocal                 // of the present incarnation of a loop
	marker   *node                      // pushed by abandon in this incarnation; agenda
	grace    executor.Timer             // between cancelling and abandoning; agenda
	bounded  uint32                     // the incarnation whose end has its shutdown time running; agenda
	last     *failing                   // the failure that the owner is dealing with; it writes, seize reads when it has won
	ties     atomic.Pointer[ties]       // links and monitors, made with the first
	timers   atomic.Pointer[timerOwner] // of the last incarnation that set one; Context.timerOwner swaps it for a later one's
	kept     atomic.Pointer[timerOwner] // of timers that survive, made with the first
	store    *store                     // of a mailbox that is more than the box; set once
}

// An envelope is what a mailbox carries.
type envelope struct {
	msg  any
	from *process  // nil: from outside
	q    *question // nil: told
	gen  uint32    // of q
	hops uint16    // how often q was forwarded before
	kind uint8
	// everyone says that it was broadcast.
	everyone bool
}

const (
	kindMessage = iota
	kindVessel  // a message in a vessel, which is to be given back
	kindAnswer  // system lane: an answer for AskThen
	// From here on a node in the user lane is no message as it stands; see odd.
	kindMarker // pushed by abandon so that a folded node cannot be finished unseen
	kindSignal // a Down or a trapped Exit, which may be withdrawn
	kindParcel // a message with a header
	kindTimer  // a timer's message, which may be, too
)

func newProcess(pl *plan, index uint32) *process {
	p := &process{plan: pl, index: index, id: pl.sys.nextID()}
	p.task.Init(p)
	if pl.keep != nil {
		p.more().store = newStore(pl.keep)
	}
	return p
}

func (p *process) starting() bool { return phaseOf(p.state.load()) == phaseStarting }

func (p *process) sys() *System { return p.plan.sys }

// more returns the process's ext, making it on first use.
func (p *process) more() *ext {
	if e := p.ext.Load(); e != nil {
		return e
	}
	e := new(ext)
	if p.ext.CompareAndSwap(nil, e) {
		return e
	}
	return p.ext.Load()
}

func (p *process) name() string {
	if !p.plan.parent.grouped && p.plan.name != "" {
		return p.plan.name
	}
	if p.plan.parent.grouped {
		return strconv.Itoa(int(p.index))
	}
	return "#" + strconv.Itoa(int(p.index))
}

func (p *process) path() string { return p.plan.parent.path + "/" + p.name() }

func (p *process) uptime() time.Duration { return p.age(p.sys().clock.Now()) }

// age is the uptime at that moment.
func (p *process) age(now time.Time) time.Duration {
	return time.Duration(now.UnixNano() - p.since.Load())
}

// schedule sees that a process whose mailbox the caller has just come to own is
// run. w is the caller's own worker, if it is one of this system's.
func (p *process) schedule(w *executor.Worker) {
	switch {
	case p.plan.routed:
		p.route(w)
	case w != nil:
		w.Submit(&p.task)
	default:
		p.submit()
	}
}

// route is schedule for a loop, and for a handler with a home.
func (p *process) route(w *executor.Worker) {
	if p.plan.loop {
		p.ext.Load().loop.wake <- struct{}{}
		return
	}
	p.submitHome(w)
}

// nudge makes the owner look at the state word, which the caller has changed.
// If nobody owns the process, it is scheduled.
func (p *process) nudge() {
	if p.box.Own() {
		p.schedule(nil)
	}
}
