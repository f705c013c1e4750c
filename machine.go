package bastion

import (
	"log/slog"

	"github.com/bastion-go/bastion/executor/topology"
)

// flat says, once, that the system was left to read the machine and could not.
func (s *System) flat() {
	const flat = "flat"
	if s.machine.Origin != flat || len(s.machine.Notes) == 0 {
		return
	}
	text := "the machine is taken for flat: " + s.machine.Notes[0].String()
	s.note(slog.LevelInfo, "bastion: "+text)
	s.emit(Event{Kind: EventFlat, Path: s.root.path, Text: text})
}

// unpinned is told when the workers' threads may not be pinned as Config.Affinity
// asks.
func (s *System) unpinned(err error) {
	const text = "workers are not pinned to CPUs as Config.Affinity asks; they follow their threads"
	s.note(slog.LevelWarn, "bastion: "+text, "err", err)
	s.emit(Event{Kind: EventFlat, Path: s.root.path, Text: text, Reason: err})
}

// Topology is the machine as the system sees it: what Config.Topology said, or what
// was read when it was made. Its Notes say what was not to be had. Do not change it.
func (i *Inspector) Topology() *topology.Topology { return i.s.machine }
