package command

import (
	"fmt"
	"net"
	"slices"
	"strings"
)

// Check says what is wrong with the spec, as a *bastion.SpecError would, as far as
// that can be seen without starting anything: each fault is "Field: what is wrong".
// Whether the program, the folder, the user and the CPUs are there is looked at when
// the command is started, because it may change.
func (s Spec) Check() (faults []string) {
	add := func(field, format string, args ...any) {
		faults = append(faults, field+": "+fmt.Sprintf(format, args...))
	}
	if len(s.Argv) == 0 || s.Argv[0] == "" {
		add("Argv", "is empty; it needs at least the program")
	}
	for i, a := range s.Argv {
		if strings.ContainsRune(a, 0) {
			add(fmt.Sprintf("Argv[%d]", i), "%q contains a zero byte", a)
		}
	}
	for i, e := range s.Env {
		if strings.IndexByte(e, '=') < 1 || strings.ContainsRune(e, 0) {
			add(fmt.Sprintf("Env[%d]", i), "%q is not of the form NAME=value", e)
		}
	}
	if slices.Contains(s.Files, nil) {
		add("Files", "contains nil")
	}
	s.Stdout.check("Stdout", add)
	s.Stderr.check("Stderr", add)
	s.checkReady(add)
	if s.Watchdog < 0 {
		add("Watchdog", "must not be negative, is %v", s.Watchdog)
	}
	if s.Linger < 0 {
		add("Linger", "must not be negative, is %v", s.Linger)
	}
	if s.StopSignal < 0 || s.StopSignal > 64 {
		add("StopSignal", "there is no signal %d", int(s.StopSignal))
	}
	for _, n := range s.CPUs {
		if n < 0 {
			add("CPUs", "there is no CPU %d", n)
		}
	}
	for _, n := range s.Nodes {
		if n < 0 {
			add("Nodes", "there is no node %d", n)
		}
	}
	if s.Memory < 0 {
		add("Memory", "must not be negative, is %d", s.Memory)
	}
	return faults
}

func (o Output) check(stream string, add func(field, format string, args ...any)) {
	ways := 0
	for _, chosen := range []bool{!o.To.IsZero(), o.File != nil, o.Discard} {
		if chosen {
			ways++
		}
	}
	if ways > 1 {
		add(stream, "only one of To, File and Discard is possible")
	}
	if o.Longest < 0 || o.Longest > 0 && o.Longest < 16 {
		add(stream+".Longest", "must be at least 16, is %d", o.Longest)
	}
}

func (s *Spec) checkReady(add func(field, format string, args ...any)) {
	r := s.Ready
	var signs []string
	for _, sign := range []struct {
		name  string
		there bool
	}{{"Address", r.Address != ""}, {"Line", r.Line != nil}, {"File", r.File != ""}, {"Notify", r.Notify}} {
		if sign.there {
			signs = append(signs, sign.name)
		}
	}
	if len(signs) > 1 {
		add("Ready", "%s contradict one another; choose one", strings.Join(signs, " and "))
	}
	if r.Line != nil && s.Stdout.File != nil && s.Stderr.File != nil {
		add("Ready.Line", "neither Stdout nor Stderr is read: both have a File")
	}
	if network, address := split(r.Address); network == "tcp" {
		if _, port, err := net.SplitHostPort(address); err != nil {
			add("Ready.Address", "%v", err)
		} else if _, err := net.LookupPort("tcp", port); err != nil || port == "" || port == "0" {
			add("Ready.Address", "%q is no port that can be waited for", port)
		}
	}
	if r.Within < 0 {
		add("Ready.Within", "must not be negative, is %v", r.Within)
	}
	if r.Within > 0 && len(signs) == 0 {
		add("Ready.Within", "there is no sign to wait for")
	}
}

// split tells a TCP address from the name of a Unix socket.
func split(address string) (network, rest string) {
	switch {
	case address == "":
		return "", ""
	case strings.ContainsRune(address, '/'), address[0] == '@':
		return "unix", address
	}
	return "tcp", address
}
