package bastion

import (
	"fmt"
	"strings"

	"github.com/bastion-go/bastion/internal/backoff"
	"github.com/bastion-go/bastion/internal/supervise"
)

// A fault list collects every fault of a spec under its field path, so that the
// user sees all of them at once.
type faults []string

func (f *faults) add(path, format string, args ...any) {
	*f = append(*f, path+": "+fmt.Sprintf(format, args...))
}

func (f faults) err() error {
	if len(f) == 0 {
		return nil
	}
	return &SpecError{Faults: f}
}

func checkSupervisor(s *SupervisorSpec, at string, f *faults) {
	checkName(s.Name, at+"Name", f)
	if s.Strategy > RestForOne {
		f.add(at+"Strategy", "unknown strategy %d", s.Strategy)
	}
	if s.AutoShutdown > AllSignificant {
		f.add(at+"AutoShutdown", "unknown auto-shutdown %d", s.AutoShutdown)
	}
	checkIntensity(s.Restart, at+"Restart", f)
	checkConditions(s.Conditions, at, f)
	seen := map[string]int{}
	for i := range s.Children {
		path := fmt.Sprintf("%sChildren[%d].", at, i)
		c := &s.Children[i]
		checkChild(c, path, f)
		checkSignificant(c, s.AutoShutdown, path, f)
		name := childName(c)
		if name == "" {
			continue
		}
		if first, taken := seen[name]; taken {
			f.add(path+"Name", "%q is taken by %sChildren[%d]", name, at, first)
			continue
		}
		seen[name] = i
	}
}

// checkSignificant refuses what OTP refuses as a bad combination.
func checkSignificant(c *ChildSpec, auto AutoShutdown, at string, f *faults) {
	switch {
	case !c.Significant:
	case auto == NoAutoShutdown:
		f.add(at+"Significant", "the supervisor's AutoShutdown is %v", auto)
	case c.grouped() || c.Restart == Permanent:
		f.add(at+"Significant", "is for transient and temporary children, and not for groups")
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

func checkChild(c *ChildSpec, at string, f *faults) {
	checkOwn(c, at, f)
	if c.Start.subtree != nil {
		checkSupervisor(c.Start.subtree, at+"Start.", f)
	}
}

// checkOwn is checkChild without what is below the child.
func checkOwn(c *ChildSpec, at string, f *faults) {
	checkName(c.Name, at+"Name", f)
	for _, fault := range c.Start.faults {
		*f = append(*f, at+"Start."+fault)
	}
	if c.Start.zero() && c.Start.faults == nil {
		f.add(at+"Start", "is missing; use Handle, Loop or Subtree with something that is not nil")
	}
	if c.Count < 0 {
		f.add(at+"Count", "must not be negative, is %d", c.Count)
	}
	if c.Count > mostMembers {
		f.add(at+"Count", "must be at most %d, is %d", mostMembers, c.Count)
	}
	if c.Tries < 0 {
		f.add(at+"Tries", "must not be negative, is %d", c.Tries)
	}
	switch {
	case c.TriesWithin < 0:
		f.add(at+"TriesWithin", "must not be negative, is %v", c.TriesWithin)
	case c.TriesWithin > 0 && c.Tries == 0:
		f.add(at+"TriesWithin", "says nothing without Tries")
	}
	if c.Restart > Temporary {
		f.add(at+"Restart", "unknown restart type %d", c.Restart)
	}
	checkTimes(c, at, f)
	checkIntensity(c.Intensity, at+"Intensity", f)
	checkConditions(c.Conditions, at, f)
	for _, fault := range backoff.Faults(c.Backoff) {
		f.add(at+"Backoff", "%s", fault)
	}
	if c.WaitReady && c.Start.loop == nil && !c.Start.zero() {
		f.add(at+"WaitReady", "is for loops; a handler has started when its Start hook returns")
	}
	if c.Start.subtree != nil {
		checkSubtree(c, at, f)
	} else if !c.grouped() && c.Intensity != (Intensity{}) {
		f.add(at+"Intensity", "is for groups; a single child falls under its supervisor's Restart")
	}
}

func checkSubtree(c *ChildSpec, at string, f *faults) {
	if c.grouped() {
		f.add(at+"Count", "a subtree cannot be a group")
	}
	if c.Heartbeat > 0 {
		f.add(at+"Heartbeat", "a supervisor runs no code of yours; give it to the processes below")
	}
	if c.DropMailbox {
		f.add(at+"DropMailbox", "a supervisor has no mailbox")
	}
	if c.Intensity != (Intensity{}) {
		f.add(at+"Intensity", "is for groups; a subtree has its own in its spec's Restart")
	}
	if cb := &c.Callbacks; cb.BeforeStart != nil || cb.AfterStart != nil || cb.BeforeRestart != nil || cb.AfterRestart != nil {
		f.add(at+"Callbacks", "a subtree has no Context to call them in; only AfterStop is for subtrees")
	}
}

func checkTimes(c *ChildSpec, at string, f *faults) {
	if c.Shutdown < UnlimitedShutdown {
		f.add(at+"Shutdown", "must not be negative (BrutalKill and UnlimitedShutdown have names), is %v", c.Shutdown)
	}
	if c.StartTimeout < 0 {
		f.add(at+"StartTimeout", "must not be negative, is %v", c.StartTimeout)
	}
	if c.Heartbeat < 0 {
		f.add(at+"Heartbeat", "must not be negative, is %v", c.Heartbeat)
	}
}

func checkName(name, at string, f *faults) {
	if strings.Contains(name, "/") {
		f.add(at, "%q contains a slash", name)
	}
	if strings.HasPrefix(name, "#") {
		f.add(at, "%q starts with #, which is how unnamed children are called", name)
	}
}

func checkIntensity(i Intensity, at string, f *faults) {
	if i.Max < -1 {
		f.add(at+".Max", "must not be negative (NoRestarts has a name), is %d", i.Max)
	}
	if i.Within < 0 {
		f.add(at+".Within", "must not be negative, is %v", i.Within)
	}
	switch {
	case i.Exceeded > RetryLater:
		f.add(at+".Exceeded", "unknown outcome %d", i.Exceeded)
	case i.RetryAfter < 0:
		f.add(at+".RetryAfter", "must not be negative, is %v", i.RetryAfter)
	case i.RetryAfter > 0 && i.Exceeded != RetryLater:
		f.add(at+".RetryAfter", "is for RetryLater; Exceeded is %v", i.Exceeded)
	}
}

func checkConditions(cs []Condition, at string, f *faults) {
	for i, c := range cs {
		path := fmt.Sprintf("%sConditions[%d].", at, i)
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
