package bastion

import (
	"fmt"
	"strings"

	"github.com/bastion-go/bastion/internal/backoff"
	"github.com/bastion-go/bastion/internal/supervise"
)

// Faults collects every fault of a spec under its field path, so that the user
// sees all of them at once. It knows where it stands in the spec.
type faults struct {
	list  []string
	at    []string            // the way down to the struct that is looked at
	above map[*ChildSpec]bool // first children of those on the way
	// serves says whether the machine has a memory node; nil: that is not looked at.
	serves func(node int) bool
}

func (f *faults) add(field, format string, args ...any) {
	f.list = append(f.list, strings.Join(f.at, "")+field+": "+fmt.Sprintf(format, args...))
}

// under looks at what stands one step below.
func (f *faults) under(step string, look func()) {
	f.at = append(f.at, step)
	look()
	f.at = f.at[:len(f.at)-1]
}

func (f *faults) err() error {
	if len(f.list) == 0 {
		return nil
	}
	return &SpecError{Faults: f.list}
}

func checkSupervisor(s *SupervisorSpec, f *faults) {
	checkName(s.Name, "Name", f)
	if s.Strategy > RestForOne {
		f.add("Strategy", "unknown strategy %d", s.Strategy)
	}
	if s.AutoShutdown > AllSignificant {
		f.add("AutoShutdown", "unknown auto-shutdown %d", s.AutoShutdown)
	}
	checkIntensity(s.Intensity, "Intensity", f)
	checkConditions(s.Conditions, f)
	checkMiddleware(s.Middleware, f)
	if len(s.Children) == 0 {
		return
	}
	// Specs are values, but slices of them can share their memory and so contain
	// themselves. A way down without end comes by the same element again.
	first := &s.Children[0]
	if f.above[first] {
		f.add("Children", "contain this supervisor itself")
		return
	}
	if f.above == nil {
		f.above = make(map[*ChildSpec]bool)
	}
	f.above[first] = true
	checkChildren(s, f)
	delete(f.above, first)
}

func checkChildren(s *SupervisorSpec, f *faults) {
	seen := map[string]int{}
	for i := range s.Children {
		c := &s.Children[i]
		f.under(fmt.Sprintf("Children[%d].", i), func() {
			checkChild(c, f)
			checkSignificant(c, s.AutoShutdown, f)
			name := childName(c)
			switch first, taken := seen[name]; {
			case name == "":
			case taken:
				f.add("Name", "%q is taken by %sChildren[%d]", name, strings.Join(f.at[:len(f.at)-1], ""), first)
			default:
				seen[name] = i
			}
		})
	}
}

// checkSignificant refuses what OTP refuses as a bad combination.
func checkSignificant(c *ChildSpec, auto AutoShutdown, f *faults) {
	switch {
	case !c.Significant:
	case auto == NoAutoShutdown:
		f.add("Significant", "the supervisor's AutoShutdown is %v", auto)
	case c.grouped() || c.Restart == Permanent:
		f.add("Significant", "is for transient and temporary children, and not for groups")
	}
}

// childName is the name of the child, which a subtree may bring along.
func childName(c *ChildSpec) string {
	if c.Name == "" && c.Start.subtree != nil {
		return c.Start.subtree.Name
	}
	return c.Name
}

// mostMembers keeps the numbers of a group's members within their 32 bits. What
// so many need of memory is for the program to know.
const mostMembers = 1 << 30

func checkChild(c *ChildSpec, f *faults) {
	checkOwn(c, f)
	if c.Start.subtree != nil {
		f.under("Start.", func() { checkSupervisor(c.Start.subtree, f) })
	}
}

// checkOwn is checkChild without what is below the child.
func checkOwn(c *ChildSpec, f *faults) {
	checkName(c.Name, "Name", f)
	for _, fault := range c.Start.faults {
		f.list = append(f.list, strings.Join(f.at, "")+"Start."+fault)
	}
	if c.Start.zero() && c.Start.faults == nil {
		f.add("Start", "is missing; use Handle, Loop or Subtree with something that is not nil")
	}
	if c.Count < 0 {
		f.add("Count", "must not be negative, is %d", c.Count)
	}
	if c.Count > mostMembers {
		f.add("Count", "must be at most %d, is %d", mostMembers, c.Count)
	}
	if c.Tries < 0 {
		f.add("Tries", "must not be negative, is %d", c.Tries)
	}
	switch {
	case c.TriesWithin < 0:
		f.add("TriesWithin", "must not be negative, is %v", c.TriesWithin)
	case c.TriesWithin > 0 && c.Tries == 0:
		f.add("TriesWithin", "says nothing without Tries")
	}
	if c.Restart > Temporary {
		f.add("Restart", "unknown restart type %d", c.Restart)
	}
	checkPlacement(c, f)
	f.under("Mailbox.", func() { checkMailbox(&c.Mailbox, f) })
	checkTimes(c, f)
	checkIntensity(c.Intensity, "Intensity", f)
	checkConditions(c.Conditions, f)
	checkMiddleware(c.Middleware, f)
	for _, fault := range backoff.Faults(c.Backoff) {
		f.add("Backoff", "%s", fault)
	}
	if c.WaitReady && c.Start.loop == nil && !c.Start.zero() {
		f.add("WaitReady", "is for loops; a handler has started when its Start hook returns")
	}
	if g := &c.GroupCallbacks; !c.grouped() && (g.BeforeStart != nil || g.AfterStart != nil || g.BeforeRestart != nil || g.AfterRestart != nil || g.AfterStop != nil) {
		f.add("GroupCallbacks", "are for groups")
	}
	if c.Start.subtree != nil {
		checkSubtree(c, f)
	} else if !c.grouped() && c.Intensity != (Intensity{}) {
		f.add("Intensity", "is for groups; a single child falls under its supervisor's Restart")
	}
}

func checkSubtree(c *ChildSpec, f *faults) {
	if c.grouped() {
		f.add("Count", "a subtree cannot be a group")
	}
	if c.Heartbeat > 0 {
		f.add("Heartbeat", "a supervisor runs no code of yours; give it to the processes below")
	}
	if !c.Mailbox.zero() {
		f.add("Mailbox", "a supervisor has no mailbox")
	}
	if c.DropMailbox {
		f.add("DropMailbox", "a supervisor has no mailbox")
	}
	if c.Intensity != (Intensity{}) {
		f.add("Intensity", "is for groups; a subtree has its own in its spec's Restart")
	}
	if c.Middleware != nil {
		f.add("Middleware", "is for processes; a subtree has its own in its spec's Middleware")
	}
	if cb := &c.Callbacks; cb.BeforeStart != nil || cb.AfterStart != nil || cb.BeforeRestart != nil || cb.AfterRestart != nil || cb.AfterStop != nil {
		f.add("Callbacks", "are for processes; a subtree has its own in its spec's Callbacks")
	}
}

func checkTimes(c *ChildSpec, f *faults) {
	if c.Shutdown < UnlimitedShutdown {
		f.add("Shutdown", "must not be negative (BrutalKill and UnlimitedShutdown have names), is %v", c.Shutdown)
	}
	if c.StartTimeout < 0 {
		f.add("StartTimeout", "must not be negative, is %v", c.StartTimeout)
	}
	if c.Heartbeat < 0 {
		f.add("Heartbeat", "must not be negative, is %v", c.Heartbeat)
	}
}

func checkName(name, field string, f *faults) {
	if strings.Contains(name, "/") {
		f.add(field, "%q contains a slash", name)
	}
	if strings.HasPrefix(name, "#") {
		f.add(field, "%q starts with #, which is how unnamed children are called", name)
	}
}

func checkIntensity(i Intensity, field string, f *faults) {
	if i.Max < -1 {
		f.add(field+".Max", "must not be negative (NoRestarts has a name), is %d", i.Max)
	}
	if i.Within < 0 {
		f.add(field+".Within", "must not be negative, is %v", i.Within)
	}
	switch {
	case i.Exceeded > RetryLater:
		f.add(field+".Exceeded", "unknown outcome %d", i.Exceeded)
	case i.RetryAfter < 0:
		f.add(field+".RetryAfter", "must not be negative, is %v", i.RetryAfter)
	case i.RetryAfter > 0 && i.Exceeded != RetryLater:
		f.add(field+".RetryAfter", "is for RetryLater; Exceeded is %v", i.Exceeded)
	}
}

func checkConditions(cs []Condition, f *faults) {
	for i, c := range cs {
		path := fmt.Sprintf("Conditions[%d].", i)
		if c.Then < RestartChild || c.Then > StopSystem {
			f.add(path+"Then", "unknown outcome %d", c.Then)
		}
		if c.Attempts < 0 {
			f.add(path+"Attempts", "must not be negative, is %d", c.Attempts)
		}
	}
}

func (c *ChildSpec) grouped() bool { return c.Group || c.Count > 0 }

// plan is the intensity with its defaults, as the decision takes it.
func (i Intensity) plan() supervise.Intensity {
	if i.Max == 0 && i.Within == 0 {
		i.Max = 1
	}
	if i.Within == 0 {
		i.Within = defaultWindow
	}
	if i.RetryAfter == 0 {
		i.RetryAfter = i.Within
	}
	return supervise.Intensity{
		Max: max(i.Max, 0), Within: i.Within, Exceeded: supervise.Exceeded(i.Exceeded), RetryAfter: i.RetryAfter,
	}
}
