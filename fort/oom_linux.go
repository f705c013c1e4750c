package fort

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// An oomCounter tells when the kernel has killed something in this process's
// cgroup for want of memory.
type oomCounter struct {
	file string // empty: nothing can be read
	last int64
}

func newOOMCounter() *oomCounter {
	text, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return &oomCounter{}
	}
	for line := range strings.Lines(string(text)) {
		part := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(part) != 3 {
			continue
		}
		var file string
		switch {
		case part[1] == "":
			file = filepath.Join("/sys/fs/cgroup", part[2], "memory.events")
		case part[1] == "memory":
			file = filepath.Join("/sys/fs/cgroup/memory", part[2], "memory.oom_control")
		}
		if file != "" && exists(file) {
			c := &oomCounter{file: file}
			c.rose()
			return c
		}
	}
	return &oomCounter{}
}

// rose reports whether it has happened since the last call.
func (c *oomCounter) rose() bool {
	if c.file == "" {
		return false
	}
	text, err := os.ReadFile(c.file)
	if err != nil {
		return false
	}
	for line := range bytes.Lines(text) {
		if value, ok := bytes.CutPrefix(bytes.TrimSpace(line), []byte("oom_kill ")); ok {
			n, _ := strconv.ParseInt(string(value), 10, 64)
			more := n > c.last
			c.last = n
			return more
		}
	}
	return false
}
