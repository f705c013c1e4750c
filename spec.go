package bastion

import (
	"math"
	"time"
)

// A Strategy says which siblings a failed child takes with it.
type Strategy uint8

const (
	// OneForOne restarts the failed child alone.
	OneForOne Strategy = iota
	// OneForAll stops and restarts all children.
	OneForAll
	// RestForOne stops and restarts the failed child and those declared after it.
	RestForOne
)

func (s Strategy) String() string {
	return pick(int(s), "one for one", "one for all", "rest for one")
}

// A RestartType says after which ends a child is started again.
type RestartType uint8

const (
	// Permanent children are restarted whatever their end.
	Permanent RestartType = iota
	// Transient children are restarted after a failure only.
	Transient
	// Temporary children are never restarted, and forgotten when they end.
	Temporary
)

func (t RestartType) String() string { return pick(int(t), "permanent", "transient", "temporary") }

// An AutoShutdown says which ends of significant children end their supervisor, as
// if it had been told to stop (contract S9). What its own supervisor does then
// follows its restart type: only a permanent one is started again, and under the
// root that is what Supervise makes.
type AutoShutdown uint8

const (
	// NoAutoShutdown ends no supervisor. No child may be significant then.
	NoAutoShutdown AutoShutdown = iota
	// AnySignificant ends it when one significant child has ended by itself.
	AnySignificant
	// AllSignificant ends it when the last one has.
	AllSignificant
)

func (a AutoShutdown) String() string { return pick(int(a), "never", "any", "all") }

// An Intensity bounds restarts: more than Max within Within ends the supervisor,
// which is a failure for its own supervisor, or has the outcome in Exceeded. If
// Max and Within are zero they are OTP's default, 1 in 5 s. A zero Within alone
// means 5 s; for a Max of none use NoRestarts.
type Intensity struct {
	Max    int
	Within time.Duration
	// Exceeded is what follows when there are more.
	Exceeded Exceeded
	// RetryAfter is the pause of RetryLater. Zero: Within. A backoff of the child
	// that is longer counts instead.
	RetryAfter time.Duration
}

// An Exceeded says what follows when a child fails more often than the intensity
// of its supervisor, or of its group, allows.
type Exceeded uint8

const (
	// EndSupervisor ends the supervisor, or group: a failure for the one above.
	EndSupervisor Exceeded = iota
	// GiveUpChild leaves the child that failed down, as when its Tries are used
	// up, and the supervisor goes on. A member of a group leaves it.
	GiveUpChild
	// RetryLater keeps the child down for RetryAfter and then restarts it.
	RetryLater
)

func (e Exceeded) String() string {
	return pick(int(e), "end supervisor", "give up child", "retry later")
}

var (
	// NoRestarts lets the first failure escalate.
	NoRestarts = Intensity{Max: -1}
	// Unlimited never escalates.
	Unlimited = Intensity{Max: math.MaxInt}
)

const (
	// BrutalKill as a shutdown time: the child is killed without being asked.
	BrutalKill time.Duration = -1
	// UnlimitedShutdown as a shutdown time: the child is waited for as long as it takes.
	UnlimitedShutdown time.Duration = -2
)

const (
	defaultShutdown = 5 * time.Second
	defaultWindow   = 5 * time.Second
)

// A SupervisorSpec describes a supervisor. It is plain data; the zero value is a
// supervisor without children.
type SupervisorSpec struct {
	Name      string    // without a slash; unique among siblings
	Strategy  Strategy  // zero: OneForOne
	Intensity Intensity // zero: 1 in 5 s
	// AutoShutdown ends the supervisor when its significant children have ended.
	AutoShutdown AutoShutdown
	Children     []ChildSpec // in start order
	Conditions   []Condition // for all children; a child's own go first
	// Middleware stands around that of all processes below.
	Middleware []Middleware
	// Callbacks run around the starts, restarts and stop of the supervisor itself.
	Callbacks TreeCallbacks
}

// A ChildSpec describes a child of a supervisor: a process, a group of alike
// processes, or a subtree. Only Start is needed.
type ChildSpec struct {
	// Name is the last element of the child's path, without a slash and unique
	// among its siblings. An unnamed child is known by its number.
	Name string
	// Start is what the child is made of.
	Start Behavior
	// Group makes a group even of a Count of 0 or 1; members can be added to a
	// group with Spawn.
	Group bool
	// Count above 0 makes a group of so many alike children, which supervises
	// them one for one with an intensity of its own. At most 2^30.
	Count int
	// Restart says after which ends the child is started again. A subtree has it
	// like any other child. Members of a group have this type; the group itself is
	// permanent.
	Restart RestartType
	// Significant makes the child count for its supervisor's AutoShutdown when it
	// ends by itself and is not restarted. Not for permanent children, and so not
	// for groups.
	Significant bool
	// Tries above 0 gives the child up after so many restarts for failures of its
	// own, in its life or within TriesWithin. A start by order begins a new life.
	Tries int
	// TriesWithin is the stretch of time in which Tries counts. Zero: its life.
	TriesWithin time.Duration
	// Intensity is a group's own. Zero: 1 in 5 s.
	Intensity Intensity
	// Backoff delays restarts. Nil: at once. See Constant, Linear, Exponential.
	Backoff Backoff
	// Placement says on which memory node a handler belongs. Zero: on none.
	Placement Placement
	// Shutdown is the time between the order to stop and being abandoned. Zero:
	// 5 s, for a subtree UnlimitedShutdown.
	Shutdown time.Duration
	// StartTimeout bounds a start. Zero: no bound.
	StartTimeout time.Duration
	// Heartbeat above 0 makes a process that goes on with the same piece of work for
	// so long without a ctx.Beat fail with ErrNoHeartbeat: its Context is cancelled,
	// and if it does not return within its shutdown time it is abandoned. It is
	// noticed at latest a quarter of the interval later. It counts from the start to
	// the order to stop; not while a handler has nothing in hand or a loop waits in
	// Recv, but while either waits in any other call. Not for subtrees.
	Heartbeat time.Duration
	// WaitReady makes a loop count as started only when it calls ctx.Ready.
	WaitReady bool
	// Optional leaves the child, and all below it, out of the system's readiness, and
	// their storms of restarts out of its liveness (System.Health): what is not needed
	// to serve. Made so by ChangeChild it has what was noted before forgotten; made
	// needed again, it is counted from the next thing that happens to it.
	Optional bool
	// Mailbox says how messages wait. Zero: without a bound, first come, first
	// served. Not for subtrees.
	Mailbox Mailbox
	// DropMailbox discards what waits when the child is restarted.
	DropMailbox bool
	// Callbacks run around the starts, restarts and stop of a process, in a group of
	// each member. A subtree has its own, in its spec.
	Callbacks Callbacks
	// GroupCallbacks run around those of a group as a whole.
	GroupCallbacks TreeCallbacks
	// Middleware stands around what the process, or each member, receives and sends.
	// A subtree has its own, in its spec.
	Middleware []Middleware
	// Conditions map ends of this child to outcomes; the first that holds counts.
	Conditions []Condition
	// Format renders a message for the logs. Nil: its type only, because
	// formatting what others mutate can end a Go program, and may leak secrets.
	// The restart waits for it: after a second the report goes without it.
	Format func(msg any) string
}

// A Condition maps an end of a child to an outcome (contract S12). It holds when
// all of its parts do.
type Condition struct {
	Is       error              // errors.Is(reason, Is); nil: any reason
	Match    func(Failure) bool // nil: any. It runs in the child's context.
	Attempts int                // only from so many restarts in a row on
	Then     Outcome            // what happens when it holds
}

// An Outcome is what a Condition asks for.
type Outcome uint8

const (
	// RestartChild restarts the child, whatever its restart type.
	RestartChild Outcome = iota + 1
	// StopChild leaves the child down for good.
	StopChild
	// Resume keeps the incarnation and goes on with the next message. After a
	// panic it counts as RestartChild, because the state may be half changed.
	Resume
	// Escalate ends the supervisor, as too many restarts do.
	Escalate
	// StopSystem stops the whole system; Wait says why.
	StopSystem
)

func (o Outcome) String() string {
	return pick(int(o), "default", "restart", "stop", "resume", "escalate", "stop system")
}

// pick names a small constant, and is honest about unknown ones.
func pick(i int, names ...string) string {
	if i < 0 || i >= len(names) {
		return "unknown"
	}
	return names[i]
}
