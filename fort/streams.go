package fort

import (
	"os"
	"sync"
	"time"

	"github.com/bastion-go/bastion/internal/osproc"
)

// streams are the pipes from a ward's standard output and standard error, if
// somebody wants to read them.
type streams struct {
	ours, theirs []*os.File // standard output, standard error; or none
}

// streams puts them into the spec.
func (c *spawned) streams(spec *osproc.Spec) (*streams, error) {
	s := &streams{}
	if c.command.Output == nil {
		spec.Stdout, spec.Stderr = os.Stdout, os.Stderr
		return s, nil
	}
	for _, to := range []**os.File{&spec.Stdout, &spec.Stderr} {
		r, w, err := os.Pipe()
		if err != nil {
			s.close()
			s.closeTheirs()
			return nil, err
		}
		s.ours, s.theirs = append(s.ours, r), append(s.theirs, w)
		*to = w
	}
	return s, nil
}

func (s *streams) close() {
	for _, f := range s.ours {
		f.Close()
	}
}

func (s *streams) closeTheirs() {
	for _, f := range s.theirs {
		f.Close()
	}
	s.theirs = nil
}

// read passes the lines on. last waits until all of them were, once the ward is
// gone, and returns the end of standard error.
func (s *streams) read(c *spawned, w *ward) (last func() string) {
	tail := &excerpt{headMax: 16 << 10, tailMax: 48 << 10}
	var reading sync.WaitGroup
	for i, f := range s.ours {
		reading.Go(func() {
			lines := osproc.NewLineReader(f, 0)
			for {
				l, err := lines.Next()
				if err != nil {
					return
				}
				if i == 1 {
					_, _ = tail.Write([]byte(l.Text + "\n"))
				}
				c.writing.Lock()
				c.command.Output(Line{
					Ward: w.slot, Incarnation: w.incarnation, PID: w.proc.PID(),
					Stderr: i == 1, Text: l.Text, Truncated: l.Truncated,
				})
				c.writing.Unlock()
			}
		})
	}
	return func() string {
		for _, f := range s.ours {
			_ = f.SetReadDeadline(time.Now().Add(lastWords))
		}
		reading.Wait()
		s.close()
		return tail.String()
	}
}
