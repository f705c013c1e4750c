package command

import (
	"slices"
	"sync"
)

const (
	tailLines = 40
	tailBytes = 8 << 10
)

// A tail keeps the last lines of a stream. The reader of the stream adds, whoever
// makes the ExitError reads.
type tail struct {
	mu    sync.Mutex
	lines []string
	bytes int
	whole bool // the first lines from here on count
}

func (t *tail) add(line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(line) > tailBytes {
		line = line[len(line)-tailBytes:]
	}
	t.lines, t.bytes = append(t.lines, line), t.bytes+len(line)
	for len(t.lines) > tailLines || t.bytes > tailBytes {
		drop := 0
		if t.whole {
			drop = len(t.lines) - 1
		}
		t.bytes -= len(t.lines[drop])
		t.lines = slices.Delete(t.lines, drop, drop+1)
	}
}

// turn forgets what there is and keeps the first lines from now on: of what a
// program says of where it is, those matter most.
func (t *tail) turn() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lines, t.bytes, t.whole = nil, 0, true
}

func (t *tail) all() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]string(nil), t.lines...)
}
