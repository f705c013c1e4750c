package supervise

// Verdict is what one exit means for the child itself, before strategy and intensity.
type Verdict uint8

const (
	VerdictRestart    Verdict = iota
	VerdictFinish             // ended well: stays in the table, down, until siblings are restarted or someone orders it
	VerdictStop               // stays in the table, down, until someone orders it
	VerdictGiveUp             // like VerdictStop, because its tries are used up
	VerdictForget             // leaves the table
	VerdictEscalate           // its supervisor fails
	VerdictStopSystem         // the system stops
)

// Decide maps one exit to a verdict (S2, S12). tries is Child.Tries and restarted the number of restarts already spent.
// A failed start passes ClassAbnormal: whatever the reason, the child is not up although it should be.
func Decide(t Type, class Class, outcome Outcome, tries, restarted int) Verdict {
	switch outcome {
	case OutcomeEscalate:
		return VerdictEscalate
	case OutcomeStopSystem:
		return VerdictStopSystem
	case OutcomeStop:
		return kept(t, VerdictStop)
	}
	switch {
	case outcome != OutcomeRestart && !restarts(t, class):
		return kept(t, VerdictFinish)
	case tries > 0 && restarted >= tries:
		return kept(t, VerdictGiveUp)
	}
	return VerdictRestart
}

// restarts says whether type t is restarted after an exit of that class.
func restarts(t Type, class Class) bool {
	switch t {
	case Temporary:
		return false
	case Transient:
		return class == ClassAbnormal
	}
	return true
}

// kept turns a verdict that leaves the child down in the table into Forget for a temporary one, which has no place
// there once it is down.
func kept(t Type, v Verdict) Verdict {
	if t == Temporary {
		return VerdictForget
	}
	return v
}
