package bastiontest

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
)

// write puts the trace of a run where -bastion.trace says, or else into a new
// folder among the temporary files, and returns the names of what it wrote.
func (c *campaign) write(o *outcome) string {
	name := regexp.MustCompile(`[^A-Za-z0-9_.-]+`).ReplaceAllString(c.t.Name(), "_")
	dir := said(flagTrace, "BASTION_TRACE")
	if c.traces != "" {
		dir = c.traces
	}
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "bastion-"+name+"-"); err != nil {
			return err.Error()
		}
	}
	trace := NewTrace(fmt.Sprintf("%s, seed %#x", c.t.Name(), o.seed), o.steps)
	base := filepath.Join(dir, name)
	for end, write := range map[string]func(io.Writer) error{
		".trace": trace.WriteText, ".mmd": trace.WriteMermaid, ".jsonl": trace.WriteJSON,
	} {
		if err := writeFile(base+end, write); err != nil {
			return err.Error()
		}
	}
	return base + ".trace, .mmd (a Mermaid diagram), .jsonl (for programs)"
}

func writeFile(path string, write func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := write(f); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}
