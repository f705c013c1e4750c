//go:build unix

package fort

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// becoming, in the environment, has this process become a command whose sockets
// are ready for it.
const becoming = "become:"

// become turns this process into the command. It runs while packages are
// initialised, on the thread that was forked: on another the kernel would forget to
// whom the process is bound.
func become(path string) {
	os.Unsetenv(variable)
	os.Setenv("LISTEN_PID", strconv.Itoa(os.Getpid()))
	err := syscall.Exec(path, os.Args, os.Environ())
	fmt.Fprintf(os.Stderr, "fort: %s: %v\n", path, err)
	os.Exit(126)
}

// mayBecome does so if the environment says it.
func mayBecome(value string) {
	if path, ok := strings.CutPrefix(value, becoming); ok {
		become(path)
	}
}
