package osproc

import (
	"slices"
	"strings"
)

// ManagerVariables are those by which a service manager speaks to one process. What
// that process starts must not inherit them: it would speak in its name, or take
// sockets that it has not got.
var ManagerVariables = []string{
	"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID",
}

// Without returns a copy of an environment that says nothing of these variables.
// What is put in their place must stand alone: of two values some programs take the
// first, and some the last.
func Without(env []string, names ...string) []string {
	kept := make([]string, 0, len(env)+4)
	for _, entry := range env {
		if name, _, _ := strings.Cut(entry, "="); !slices.Contains(names, name) {
			kept = append(kept, entry)
		}
	}
	return kept
}
