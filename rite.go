package bastion

import (
	"context"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/bastion-go/bastion/executor"
)

// A rite is a callback under way that belongs to no incarnation: AfterStop, and
// all those of supervisors, groups and the system.
type rite struct {
	sys    *System
	path   string
	name   string
	told   func(error)
	cancel context.CancelFunc
	limit  executor.Timer
	ghost  Context     // its key among what was left behind
	ended  atomic.Bool // whoever sets it ends the rite
}

// perform runs a callback on the executor, contained, and then told. After limit
// it is abandoned like a stop hook.
func (s *System) perform(path string, h callback, limit time.Duration, told func(error)) *rite {
	ctx, cancel := context.WithCancel(context.Background())
	r := &rite{sys: s, path: path, name: h.name, told: told, cancel: cancel}
	r.limit = s.clock.AfterFunc(limit, r.abandon)
	s.mu.Lock()
	s.last = append(s.last, r)
	s.mu.Unlock()
	executor.Spawn(s.exec, executor.FutureSpec{Name: h.name + " of " + path}, func(context.Context) (struct{}, error) {
		contain(func() error { return h.call(ctx) }, func(err error) {
			if err != nil {
				s.note(slog.LevelError, "bastion: "+h.name+" failed", "path", path, "error", err)
			}
			r.limit.Stop()
			r.over(err, func() {})
			s.returned(&r.ghost)
		})
		return struct{}{}, nil
	})
	return r
}

// afterStop runs an AfterStop callback.
func (s *System) afterStop(call func(Failure), end Failure, told func()) {
	h := callback{"AfterStop", func(context.Context) error { call(end); return nil }}
	s.perform(end.Path, h, defaultShutdown, func(error) {
		if told != nil {
			told()
		}
	})
}

// abandon ends the patience with it.
func (r *rite) abandon() {
	r.limit.Stop()
	r.over(ErrAbandoned, func() { r.sys.leave(&r.ghost, &Abandoned{Path: r.path + " (" + r.name + ")"}) })
}

// over is the end of a rite, or of the patience with it; what comes first counts.
// What is told may come back here on the same goroutine, by way of an agenda that
// calls the rite off.
func (r *rite) over(err error, first func()) {
	if !r.ended.CompareAndSwap(false, true) {
		return
	}
	r.cancel()
	first()
	r.told(err)
	r.sys.bury(r)
}

// bury takes a rite off the list.
func (s *System) bury(r *rite) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = slices.DeleteFunc(s.last, func(x *rite) bool { return x == r })
	if len(s.last) == 0 && s.buried != nil {
		close(s.buried)
		s.buried = nil
	}
}

// awaitRites waits for the callbacks, and abandons them when ctx ends.
func (s *System) awaitRites(ctx context.Context) {
	for {
		late, none := s.underWay()
		if late == nil {
			return
		}
		switch s.waits("AfterStop callbacks", nil, executor.Closed(none), done(ctx)) {
		case 0:
			continue
		case -1:
			select {
			case <-none:
				continue
			case <-ctx.Done():
			}
		}
		for _, r := range late {
			r.abandon()
		}
	}
}

// underWay returns the callbacks that have not returned, in the order
// of their beginning, and what is closed when there are none.
func (s *System) underWay() (late []*rite, none <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.last) == 0 {
		return nil, nil
	}
	if s.buried == nil {
		s.buried = make(chan struct{})
	}
	return slices.Clone(s.last), s.buried
}
