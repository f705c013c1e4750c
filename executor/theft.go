package executor

import (
	"github.com/bastion-go/bastion/executor/topology"
	"github.com/bastion-go/bastion/internal/relaxed"
)

// Reaches counts something by how far away it was.
type Reaches struct {
	Core   uint64 // between hardware threads of one core
	Cache  uint64 // between cores that share the last cache and the memory node
	Node   uint64 // between caches on one memory node
	Remote uint64 // between memory nodes
}

// Total is the sum over all distances.
func (r Reaches) Total() uint64 { return r.Core + r.Cache + r.Node + r.Remote }

func reaches(c *[topology.Reaches]relaxed.Uint64) Reaches {
	return Reaches{
		Core: c[topology.ReachCore].Load(), Cache: c[topology.ReachCache].Load(),
		Node: c[topology.ReachNode].Load(), Remote: c[topology.ReachRemote].Load(),
	}
}

// rob looks into the other seats' rings and other domains' injection queues, the near before the far (E3); far: into
// those on other memory nodes as well.
func (w *Worker) rob(far bool) *Task {
	w.victimTurn++
	s := w.seat.Load()
	for i := range s.tiers {
		t := &s.tiers[i]
		if t.reach == topology.ReachRemote && !far {
			return nil
		}
		had := w.ring.tail.Load()
		if task := w.robTier(t); task != nil {
			w.c.thefts[t.reach].Add(1)
			w.c.taken[t.reach].Add(1 + w.ring.tail.Load() - had)
			return task
		}
	}
	return nil
}

func (w *Worker) robTier(t *tier) *Task {
	for i := range t.seats {
		v := t.seats[(i+w.victimTurn)%len(t.seats)].w.Load()
		if v == nil || v == w || v.ring.len() == 0 {
			continue
		}
		if task := w.ring.stealFrom(&v.ring); task != nil {
			return task
		}
	}
	for _, d := range t.doms {
		if task := d.inject.take(&w.ring, w.share(d)); task != nil {
			return task
		}
	}
	return nil
}
