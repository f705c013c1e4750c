package bastion

import (
	"fmt"
	"strings"
)

// Lookup finds a process by its path, such as "/bastion/counting/feeders/3".
// ErrNoProcess says where the path leads astray.
func (s *System) Lookup(path string) (Ref, error) {
	at, err := s.find(path, strings.TrimPrefix(path, "/"))
	switch {
	case err != nil:
		return Ref{}, err
	case at.super != nil:
		return Ref{}, fmt.Errorf("%w: %s is a supervisor", ErrNoProcess, at.super.path)
	case at.group != nil:
		return Ref{}, fmt.Errorf("%w: %q is not a process", ErrNoProcess, path)
	}
	return Ref{at.proc}, nil
}

// A place is what a path leads to: one of the three.
type place struct {
	super *supervisor
	group *group
	proc  *process
}

// find follows a path, of which trimmed is the part without the slashes around it.
func (s *System) find(path, trimmed string) (place, error) {
	parts := strings.Split(trimmed, "/")
	if parts[0] != s.name {
		return place{}, fmt.Errorf("%w: %q does not begin with /%s", ErrNoProcess, path, s.name)
	}
	at := place{super: s.root}
	for _, name := range parts[1:] {
		switch {
		case at.super != nil:
			c := (&Supervisor{at.super}).find(name)
			if c == nil {
				return place{}, fmt.Errorf("%w: %s has no child %q", ErrNoProcess, at.super.path, name)
			}
			at = place{c.super, c.group, c.proc}
		case at.group != nil:
			r, err := at.group.lookup(name)
			if err != nil {
				return place{}, err
			}
			at = place{proc: r.p}
		default:
			return place{}, fmt.Errorf("%w: %q is not a process", ErrNoProcess, path)
		}
	}
	return at, nil
}
