package supervise

import "time"

// EventKind says what happened.
type EventKind uint8

const (
	EvBoot         EventKind = iota // start all declared children, once
	EvStarted                       // ID: the start was successful
	EvStartFailed                   // ID, Outcome, Jitter: it was not
	EvExited                        // ID, Class, Outcome, Jitter, Up: the incarnation has ended (or was abandoned)
	EvDue                           // ID: its Delay is over
	EvStartChild                    // ID: bring up what is down: declared, finished, stopped or given up
	EvStopChild                     // ID: bring down and keep down
	EvRestartChild                  // ID: bring down if up, then up; no failure, so it is not counted
	EvRemoveChild                   // ID: bring down, then forget
	EvMove                          // ID, Before: change its place in the order (Before 0: last)
	EvShutdown                      // end: everything down in reverse order
)

// Event is one input of Step. Which fields count is said at the kind.
type Event struct {
	Kind    EventKind
	ID      ID
	Before  ID
	Class   Class
	Outcome Outcome
	Jitter  float64       // a random draw in [0,1)
	Up      time.Duration // how long the incarnation had been up
}

// ActionKind says what to do, or what was decided.
type ActionKind uint8

const (
	ActStart       ActionKind = iota // ID: start it; answer Started or StartFailed
	ActStop                          // ID: stop it; answer Exited (StartFailed if it was not up yet)
	ActDelay                         // ID, For: answer Due after that time
	ActCancelDelay                   // ID: no Due any more
	ActDown                          // ID, Why: it is down, and stays so until someone (or, if Finished or StartFailed, a sibling's restart) starts it
	ActRestarting                    // ID, Attempt, Count, For: it failed and will be started again
	ActBooted                        // every child has started once
	ActBootFailed                    // ID: its start failed the boot; the stops of what has started follow
	ActGiveUp                        // ID, End: because of this child the supervisor fails; the stops follow
	ActEnded                         // End: all children are down; the last action ever
)

// Why says what a child's end means.
type Why uint8

const (
	WhyFinished    Why = iota // ended well; kept in the table
	WhyStopped                // stopped by order or by outcome; kept
	WhyGivenUp                // no try left, or intensity with GiveChildUp; kept
	WhyStartFailed            // the start that someone ordered failed; kept, unless it was declared for that
	WhyForgotten              // temporary, or removed by order; gone from the table
	WhyEnded                  // its supervisor ends
)

// End says why a supervisor ended.
type End uint8

const (
	EndNone         End = iota
	EndShutdown         // it was told to
	EndIntensity        // too many restarts
	EndEscalated        // an exit was mapped to escalate
	EndStopSystem       // an exit was mapped to stop the system
	EndBootFailed       // a child did not start at boot
	EndAutoShutdown     // its significant children have ended (S9)
)

// Action is one output of Step. Which fields count is said at the kind.
type Action struct {
	Kind    ActionKind
	ID      ID
	For     time.Duration
	Attempt int // restarts in a row, this one included
	Count   int // restarts in the window, this one included; 0 if unlimited
	Why     Why
	Again   bool // an order to start it came while it was being stopped: it will be
	End     End
}
