package fort

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
)

// openSelf opens the file that this process runs, whatever its path leads to now.
func openSelf() (*os.File, error) { return os.Open("/proc/self/exe") }

// thisProgram is a name of it that stays good when its file is replaced or removed.
// The kernel looks it up in the child, which is this program still.
func thisProgram() (string, error) {
	if exists("/proc/self/exe") {
		return "/proc/self/exe", nil
	}
	return os.Executable()
}

// nameOf is a name for an open file, whatever has become of its own.
func nameOf(f *os.File) string {
	return "/proc/" + strconv.Itoa(os.Getpid()) + "/fd/" + strconv.Itoa(int(f.Fd()))
}

// longestName is what the kernel keeps of a name.
const longestName = 15

// takeName gives this process the program's name where the kernel has called it
// after the descriptor that it was started from: for ps, top and pkill.
func takeName() {
	name := []byte(filepath.Base(os.Args[0]))
	name = name[:min(len(name), longestName)]
	if now, err := os.ReadFile("/proc/self/comm"); err == nil && !bytes.Equal(bytes.TrimSpace(now), name) {
		_ = os.WriteFile("/proc/self/comm", name, 0)
	}
}
