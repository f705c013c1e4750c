package supervise

import (
	"fmt"
	"strconv"
)

func (s Strategy) String() string {
	return name("strategy", uint8(s), "one_for_one", "one_for_all", "rest_for_one")
}

func (t Type) String() string {
	return name("type", uint8(t), "permanent", "transient", "temporary")
}

func (c Class) String() string {
	return name("class", uint8(c), "normal", "shutdown", "abnormal")
}

func (o Outcome) String() string {
	return name("outcome", uint8(o), "default", "restart", "stop", "escalate", "stop_system")
}

func (e Exceeded) String() string {
	return name("exceeded", uint8(e), "end_supervisor", "give_child_up", "retry_later")
}

func (a AutoShutdown) String() string {
	return name("auto shutdown", uint8(a), "never", "any", "all")
}

func (s Status) String() string {
	return name("status", uint8(s), "down", "waiting", "starting", "up", "stopping")
}

func (v Verdict) String() string {
	return name("verdict", uint8(v), "restart", "finish", "stop", "give up", "forget", "escalate", "stop system")
}

func (w Why) String() string {
	return name("why", uint8(w), "finished", "stopped", "given up", "start failed", "forgotten", "its supervisor ends")
}

func (e End) String() string {
	return name("end", uint8(e), "none", "shutdown", "intensity", "escalated", "stop system", "boot failed", "auto shutdown")
}

func (k BackoffKind) String() string {
	return name("backoff", uint8(k), "none", "constant", "linear", "exponential")
}

func (k EventKind) String() string {
	return name("event", uint8(k), "boot", "started", "start failed", "exited", "due",
		"order start", "order stop", "order restart", "order remove", "move", "shutdown")
}

func (k ActionKind) String() string {
	return name("action", uint8(k), "start", "stop", "delay", "cancel delay", "down", "restart",
		"booted", "boot failed", "give up", "ended")
}

// name picks the i-th name; what has none shows as its kind and number.
func name(kind string, i uint8, names ...string) string {
	if int(i) < len(names) {
		return names[i]
	}
	return fmt.Sprintf("%s(%d)", kind, i)
}

// String shows the action as in the transcripts, with the child's number for its name.
func (a Action) String() string {
	return a.Text(func(id ID) string { return "#" + strconv.FormatUint(uint64(id), 10) })
}

// Text shows the action as in the transcripts, with the child's name as name has it.
func (a Action) Text(name func(ID) string) string {
	switch a.Kind {
	case ActBooted:
		return "booted"
	case ActEnded:
		return "ended: " + a.End.String()
	case ActGiveUp:
		return fmt.Sprintf("give up: %v (because of %s)", a.End, name(a.ID))
	case ActDown:
		return fmt.Sprintf("down %s: %v", name(a.ID), a.Why)
	case ActDelay:
		return fmt.Sprintf("delay %s %v", name(a.ID), a.For)
	case ActRestarting:
		if a.Count == 0 {
			return fmt.Sprintf("restart %s (attempt %d)", name(a.ID), a.Attempt)
		}
		return fmt.Sprintf("restart %s (attempt %d, %d in window)", name(a.ID), a.Attempt, a.Count)
	default:
		return a.Kind.String() + " " + name(a.ID)
	}
}
