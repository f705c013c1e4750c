package otptest

import (
	"slices"
	"strings"

	"github.com/bastion-go/bastion"
)

// A rule is a difference on purpose: a row or half-row of the contracts that is marked +. A tale runs under one at most.
// What makes a tale meet the rule is up to the storyteller; everywhere else it avoids it.
type rule int

const (
	none rule = iota
	// stays (S8): stopped on purpose stays stopped, also when siblings are restarted. OTP starts it with them.
	stays
	// removed (S8): a new life of a supervisor begins without what was removed by order. OTP has it back.
	removed
	// fails (S3): a supervisor that gave up has failed. In OTP it has shut down, which a transient one may.
	fails
	// bouncing (S8): one verb restarts what runs, temporary or not, and a start that fails then is a failure like any
	// other. OTP needs two, the first of which deletes a temporary child, and leaves down what did not start.
	bouncing
	// killing (S2): a kill is an order, and no restart follows it. OTP's nearest is to terminate the child.
	killing
	// waiting (S6): a restart waits. The other side, which knows no backoff, must be seen to do the same.
	waiting
)

var ruleNames = []string{"none", "stays", "removed", "fails", "bouncing", "killing", "waiting"}

func (r rule) String() string { return ruleNames[r] }

// ghostly rules are those under which the other side has children that we have not. They must come up: a start that
// fails touches others.
func (r rule) ghostly() bool { return r == stays || r == removed }

// A gap is a step of a tale at which the two sides differ.
type gap struct {
	tale         *tale
	step         int // 0 is the boot
	ours, theirs string
}

// event is what the step was about.
func (g *gap) event() event {
	if g.step == 0 || g.step > len(g.tale.Events) {
		return event{}
	}
	return g.tale.Events[g.step-1]
}

// covered reports whether the tale's rule says that we differ here, in this way; and if so, whether both sides are alike
// afterwards, so that the comparison can go on.
func (g *gap) covered() (ok, goOn bool) {
	switch g.tale.Rule {
	case stays:
		return g.without(terminate, restart), false
	case removed:
		return g.without(remove), false
	case fails:
		return g.failed(), false
	case bouncing:
		return g.event().Do == bounce && !strings.HasPrefix(g.ours, "noproc"), false
	case killing:
		return g.event().Do == kill && reasonless(g.ours) == reasonless(g.theirs), true
	}
	return false, false
}

// without reports whether the sides are alike but for children that one of those deeds was about before.
func (g *gap) without(deeds ...deed) bool {
	ghosts, places := map[string]bool{}, g.tale.places()
	for _, e := range g.tale.Events[:g.step-1] {
		if !slices.Contains(deeds, e.Do) {
			continue
		}
		ghosts[e.Name] = true
		if p, known := places[e.Name]; known && p.kid.Super != nil {
			p.kid.Super.supers(func(s *super) {
				for i := range s.Kids {
					ghosts[s.Kids[i].Name] = true
				}
			})
		}
	}
	return len(ghosts) > 0 && bare(g.ours, ghosts) == bare(g.theirs, ghosts)
}

// failed reports whether they let go of a transient supervisor that has given up, and we did not.
func (g *gap) failed() bool {
	given := false
	for name, p := range g.tale.places() {
		given = given || p.kid.Super != nil && p.kid.Restart == bastion.Transient && strings.Contains(g.theirs, name+"-")
	}
	ours, theirs := strings.Split(g.ours, "|"), strings.Split(g.theirs, "|")
	return given && strings.HasPrefix(ours[1], theirs[1])
}

// bare is a line without what it says of the ghosts.
func bare(line string, ghosts map[string]bool) string {
	var kept []string
	for _, word := range strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(" |{}", r) }) {
		name, _, _ := strings.Cut(strings.Trim(word, "+-!"), ":")
		if !ghosts[name] {
			kept = append(kept, word)
		}
	}
	return strings.Join(kept, " ")
}

// reasonless is a line without the reasons of the ends.
func reasonless(line string) string {
	return strings.NewReplacer(":killed", "", ":shutdown", "", ":crash", "").Replace(line)
}
