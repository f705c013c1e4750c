package bastiontest

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
)

// journal is what a run has logged. Any goroutine may write.
type journal struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// maxJournal bounds what one run may keep.
const maxJournal = 1 << 20

// Write implements io.Writer, for slog.
func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.buf.Len() < maxJournal {
		j.buf.Write(p)
	}
	return len(p), nil
}

func (j *journal) print(line string) { _, _ = j.Write([]byte(strings.TrimRight(line, "\n") + "\n")) }

func (j *journal) text() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.String()
}

// logger writes into j without the time, which package slog takes from the real clock.
func (j *journal) logger() *slog.Logger {
	untimed := func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}
	return slog.New(slog.NewTextHandler(j, &slog.HandlerOptions{ReplaceAttr: untimed}))
}
