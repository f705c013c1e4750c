//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package osproc

import (
	"errors"
	"os"
	"syscall"
	"time"
)

const (
	// killBound is how long what got SIGKILL may take to disappear. Only what hangs
	// in the kernel takes longer, and waiting does not help there.
	killBound = 2 * time.Second
	// firstLook and longestLook are the times between two looks at a group.
	firstLook, longestLook = 100 * time.Microsecond, 20 * time.Millisecond
)

// send signals the group. Under mu: whoever finds the group gone says so under mu.
func (p *Process) send(sig syscall.Signal) error {
	if p.gone {
		return os.ErrProcessDone
	}
	err := syscall.Kill(-p.pid, sig)
	if errors.Is(err, syscall.ESRCH) {
		return os.ErrProcessDone
	}
	return err
}

// bury deals with a leader that has ended and was not waited for yet, which is
// why its number, and the group's, cannot be anybody else's. The others of the
// group get the signal first; then the leader is waited for; then the others, as
// long as they may. As long as one of them lives the number is still theirs.
func (p *Process) bury() Exit {
	p.mu.Lock()
	brutal := p.killed || p.deadline.IsZero() && p.linger == 0
	if brutal {
		_ = p.send(syscall.SIGKILL)
	} else if p.deadline.IsZero() {
		_ = p.send(p.sig)
		_ = p.send(resume)
		p.deadline = time.Now().Add(p.linger)
		p.timer = time.AfterFunc(p.linger, p.Kill)
	}
	p.mu.Unlock()
	exit := reap(p.pid)
	exit.Left = p.sweep()
	if p.group != nil {
		_ = p.group.kill() // what has left the process group is still in here
		exit.OutOfMemory = p.group.outOfMemory()
		exit.Stays = p.group.Remove()
	}
	return exit
}

// sweep waits until nothing of the group is left, and returns what stays after it
// got SIGKILL. There is nothing to wait on: the others are not our children. A
// look says in a system call whether the number is in use as a group's; that it
// could have gone to strangers between two looks would need all other numbers to
// have been given away in that time.
func (p *Process) sweep() []int {
	var bound time.Time
	for pause := firstLook; ; pause = min(2*pause, longestLook) {
		p.mu.Lock()
		empty := errors.Is(syscall.Kill(-p.pid, 0), syscall.ESRCH)
		p.gone = empty
		killed := p.killed
		p.mu.Unlock()
		if empty {
			return nil
		}
		if pause > 8*firstLook {
			// A zombie holds the number, but is not alive. Init waits for it; some do so
			// late, and some never.
			if alive, known := members(p.pid); known && len(alive) == 0 {
				return nil
			}
		}
		if killed && bound.IsZero() {
			bound = time.Now().Add(killBound)
		}
		if !bound.IsZero() && time.Now().After(bound) {
			alive, _ := members(p.pid)
			return alive
		}
		time.Sleep(pause)
	}
}
