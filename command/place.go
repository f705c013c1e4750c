package command

import (
	"errors"
	"fmt"
	"log/slog"

	"github.com/bastion-go/bastion/executor/topology"
	"github.com/bastion-go/bastion/internal/osproc"
)

// launch starts the command, without what is only wished for if need be.
func (c *command) launch(p osproc.Spec) error {
	wish := *c.spec
	for {
		field, err := c.try(&wish, p)
		if err == nil {
			return nil
		}
		if !c.spec.BestEffort || !wish.without(field) {
			return err
		}
		c.say(slog.LevelWarn, "command: starts without what cannot be had", "field", field, "error", err)
	}
}

// without takes one of the wishes out, and reports whether it was one.
func (s *Spec) without(field string) bool {
	switch {
	case field == "CPUs" && len(s.CPUs) > 0:
		s.CPUs = nil
	case (field == "Nodes" || field == "CPUs") && len(s.Nodes) > 0:
		s.Nodes = nil
	case (field == "Memory" || field == "Cgroup") && (s.Memory > 0 || s.Cgroup != ""):
		s.Memory, s.Cgroup = 0, ""
	default:
		return false
	}
	return true
}

// try starts the command, and says which field was at fault if that failed.
func (c *command) try(s *Spec, p osproc.Spec) (field string, err error) {
	p.CPUs, p.Nodes = s.CPUs, s.Nodes
	if len(s.CPUs) == 0 && len(s.Nodes) > 0 {
		if p.CPUs, err = cpusOf(s.Nodes); err != nil {
			return "Nodes", &StartError{"Nodes", err}
		}
	}
	if s.Memory > 0 || s.Cgroup != "" {
		field = "Memory"
		if s.Memory == 0 {
			field = "Cgroup"
		}
		if p.Cgroup, err = osproc.NewCgroup(s.Cgroup, c.path, s.Memory); err != nil {
			return field, &StartError{field, err}
		}
	}
	proc, err := osproc.Start(p)
	if err == nil {
		c.proc = proc
		return "", nil
	}
	if p.Cgroup != nil {
		err = errors.Join(err, p.Cgroup.Remove())
	}
	var fault *osproc.FieldError
	if !errors.As(err, &fault) {
		return "", fmt.Errorf("command: %s: %w", s.Argv[0], err)
	}
	field = fault.Field
	if field == "Credential" {
		field = "User"
	}
	return field, &StartError{field, fault.Err}
}

func cpusOf(nodes []int) ([]int, error) {
	machine := topology.Local()
	var cpus []int
	for _, id := range nodes {
		found := false
		for _, n := range machine.Nodes {
			if n.ID == id {
				cpus, found = append(cpus, n.CPUs...), true
			}
		}
		if !found {
			return nil, fmt.Errorf("there is no NUMA node %d here, or this program may use none of it", id)
		}
	}
	if len(cpus) == 0 {
		return nil, fmt.Errorf("nodes %v have no CPUs that this program may use; give CPUs as well", nodes)
	}
	return cpus, nil
}
