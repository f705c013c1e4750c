package fort

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/bastion-go/bastion/fort/internal/decide"
	"github.com/bastion-go/bastion/internal/backoff"
	"github.com/bastion-go/bastion/internal/supervise"
)

// A ConfigError lists every fault of a Config or Command.
type ConfigError struct {
	Faults []string // each "Field: what is wrong"
}

func (e *ConfigError) Error() string {
	if len(e.Faults) == 1 {
		return "fort: bad config: " + e.Faults[0]
	}
	return fmt.Sprintf("fort: bad config, %d faults:\n\t%s", len(e.Faults), strings.Join(e.Faults, "\n\t"))
}

type faults []string

func (f *faults) add(field, format string, args ...any) {
	*f = append(*f, field+": "+fmt.Sprintf(format, args...))
}

func (f faults) err() error {
	if len(f) == 0 {
		return nil
	}
	return &ConfigError{Faults: f}
}

// check returns all that is wrong with the config, by field.
func (c *Config) check() faults {
	var f faults
	if c.Intensity.Max < -1 {
		f.add("Intensity.Max", "must not be negative (NoRestarts has a name), is %d", c.Intensity.Max)
	}
	for _, d := range []struct {
		field string
		value time.Duration
		named string // what a value of -1 is called
	}{
		{"Intensity.Within", c.Intensity.Within, ""},
		{"StartTimeout", c.StartTimeout, ""},
		{"Shutdown", c.Shutdown, "BrutalKill"},
		{"Heartbeat", c.Heartbeat, "Off"},
	} {
		if d.value < 0 && (d.named == "" || d.value != -1) {
			f.add(d.field, "must not be negative%s, is %v", named(d.named), d.value)
		}
	}
	for _, fault := range backoff.Faults(c.Backoff) {
		f.add("Backoff", "%s", fault)
	}
	if c.Redundancy < 0 || c.Redundancy > mostWards {
		f.add("Redundancy", "must be between 0 and %d, is %d", mostWards, c.Redundancy)
	}
	if c.KeepCrashes < 0 {
		f.add("KeepCrashes", "must not be negative, is %d", c.KeepCrashes)
	}
	c.checkTogether(&f)
	return f
}

// mostWards keeps a slip of the pen from starting a million processes.
const mostWards = 1024

func named(name string) string {
	if name == "" {
		return ""
	}
	return " (" + name + " has a name)"
}

// checkTogether finds fields that contradict one another.
func (c *Config) checkTogether(f *faults) {
	if c.SoftMemory < 0 {
		f.add("SoftMemory", "must not be negative, is %d", c.SoftMemory)
	}
	if c.HardMemory < 0 {
		f.add("HardMemory", "must not be negative, is %d", c.HardMemory)
	}
	if c.HardMemory > 0 && c.SoftMemory >= c.HardMemory {
		f.add("SoftMemory", "%d is not below HardMemory, %d: nothing would ever stop in order", c.SoftMemory, c.HardMemory)
	}
	if c.Alive != nil && c.Heartbeat == Off {
		f.add("Alive", "is never called: Heartbeat is Off")
	}
	if c.KeepCrashes > 0 && c.CrashDir == "" {
		f.add("KeepCrashes", "keeps nothing without CrashDir")
	}
	if c.Intensity == NoRestarts && c.Backoff != nil {
		f.add("Backoff", "delays nothing: Intensity is NoRestarts")
	}
	if c.UpgradeSignal != nil {
		c.checkUpgradeSignal(f)
	}
}

// plan fills in the defaults.
func (c *Config) plan() decide.Policy {
	chosen := c.Backoff
	if chosen == nil {
		chosen = defaultBackoff
	}
	p := decide.Policy{
		Redundancy:   max(c.Redundancy, 1),
		Intensity:    c.Intensity.plan(),
		Backoff:      backoff.Plan(chosen),
		Always:       c.Always,
		StartTimeout: or(c.StartTimeout, defaultStartTimeout),
		Shutdown:     max(or(c.Shutdown, defaultShutdown), 0),
		DumpTime:     dumpTime,
		Heartbeat:    max(or(c.Heartbeat, defaultHeartbeat), 0),
		SoftMemory:   c.SoftMemory,
		HardMemory:   c.HardMemory,
	}
	if p.SoftMemory > 0 || p.HardMemory > 0 {
		p.Sampling = sampling
	}
	return p
}

func (i Intensity) plan() supervise.Intensity {
	if i == (Intensity{}) {
		i.Max = defaultMax
	}
	if i.Max == math.MaxInt {
		i.Max = supervise.Unlimited
	}
	return supervise.Intensity{Max: max(i.Max, 0), Within: or(i.Within, defaultWithin)}
}

func or(value, otherwise time.Duration) time.Duration {
	if value == 0 {
		return otherwise
	}
	return value
}
