package osproc

import (
	"sync"
	"syscall"
	"time"
)

// A Process is one that was started, and the group of which it is the leader.
// Any goroutine may call any method at any time.
type Process struct {
	pid    int
	sig    syscall.Signal
	linger time.Duration
	group  *Cgroup
	done   chan struct{}
	spoilt bool // the owner's thread is not as it was; the owner's
	exit   Exit // written before done is closed, read after

	mu       sync.Mutex
	gone     bool      // nothing of the group is left: its number may be somebody else's
	deadline time.Time // of a Stop; zero: none
	killed   bool
	timer    *time.Timer // kills at the deadline
}

// PID is the number of the leader, and of the group.
func (p *Process) PID() int { return p.pid }

// Done is closed when the leader has ended and was waited for and nothing of its
// group is left, or only what SIGKILL cannot end (see Exit.Left).
func (p *Process) Done() <-chan struct{} { return p.done }

// Exit waits for Done and says how the leader ended.
func (p *Process) Exit() Exit {
	<-p.done
	return p.exit
}

// Signal sends sig to the whole group. When the group is gone it does nothing and
// returns os.ErrProcessDone; it never reaches somebody who got the number since.
func (p *Process) Signal(sig syscall.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.send(sig)
}

// Stop sends the spec's StopSignal to the group, and SIGKILL when something of it
// is still there after grace. It returns at once: Done tells. A second Stop can
// only make the time shorter.
func (p *Process) Stop(grace time.Duration) {
	if grace <= 0 {
		p.Kill()
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	end := time.Now().Add(grace)
	if p.gone || p.killed || !p.deadline.IsZero() && !end.Before(p.deadline) {
		return
	}
	again := !p.deadline.IsZero()
	p.deadline = end
	if p.timer != nil {
		p.timer.Stop()
	}
	p.timer = time.AfterFunc(grace, p.Kill)
	if !again {
		_ = p.send(p.sig)
		_ = p.send(resume) // one that is suspended cannot hear
	}
}

// Kill sends SIGKILL to the group, and through its cgroup, if it has one, to what
// has left the group. It returns at once: Done tells.
func (p *Process) Kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.killed = true
	if p.group != nil && !p.gone {
		_ = p.group.kill()
	}
	_ = p.send(syscall.SIGKILL)
}

// over writes the result. Only the owner calls it, once.
func (p *Process) over(e Exit) {
	p.mu.Lock()
	p.gone = true
	if p.timer != nil {
		p.timer.Stop()
	}
	p.mu.Unlock()
	p.exit = e
	close(p.done)
}
