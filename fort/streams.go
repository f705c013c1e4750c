package fort

import (
	"os"
	"sync"
	"sync/atomic"
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

// A reading is of one ward's streams.
type reading struct {
	streams *streams
	done    chan struct{} // closed when both streams are at their end
	passed  atomic.Int64  // lines given to Output; written by the readers, read by last

	mu   sync.Mutex
	tail excerpt // of standard error
}

// read passes the lines on, from goroutines that end with the streams.
func (s *streams) read(c *spawned, w *ward) *reading {
	r := &reading{streams: s, done: make(chan struct{}), tail: excerpt{headMax: 16 << 10, tailMax: 48 << 10}}
	var open sync.WaitGroup
	for i, f := range s.ours {
		open.Go(func() { r.lines(c, w, f, i == 1) })
	}
	go func() {
		open.Wait()
		close(r.done)
	}()
	return r
}

func (r *reading) lines(c *spawned, w *ward, f *os.File, stderr bool) {
	lines := osproc.NewLineReader(f, 0)
	for {
		l, err := lines.Next()
		if err != nil {
			return
		}
		if stderr {
			r.mu.Lock()
			_, _ = r.tail.Write([]byte(l.Text + "\n"))
			r.mu.Unlock()
		}
		c.writing.Lock()
		c.command.Output(Line{
			Ward: w.slot, Incarnation: w.incarnation, PID: w.proc.PID(),
			Stderr: stderr, Text: l.Text, Truncated: l.Truncated,
		})
		c.writing.Unlock()
		r.passed.Add(1)
	}
}

// mostPatience is how many times lastWords the rest of a stream may take.
const mostPatience = 10

// last waits, once the ward is gone, until all its lines were passed on, and returns
// the end of standard error. Two may keep that from happening: a process that has
// left the ward's group and holds a stream open, and an Output that blocks. So it
// waits as long as lines come through, and not for ever; the rest is lost then.
func (r *reading) last() string {
	before := int64(-1)
	for range mostPatience {
		for _, f := range r.streams.ours {
			_ = f.SetReadDeadline(time.Now().Add(2 * lastWords))
		}
		timer := time.NewTimer(lastWords)
		select {
		case <-r.done:
			before = r.passed.Load() // nothing is coming any more
		case <-timer.C:
		}
		timer.Stop()
		now := r.passed.Load()
		if now == before {
			break
		}
		before = now
	}
	r.streams.close()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.tail.String()
}
