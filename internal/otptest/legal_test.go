package otptest

import (
	"fmt"

	"github.com/bastion-go/bastion"
)

// illegal says what in a tale could meet a rule that it does not run under; nil if nothing could. It keeps the storyteller
// honest, and the shrinker from running out of one difference into another.
func (x *tale) illegal() error {
	places := x.places()
	for i, e := range x.Events {
		at, known := places[e.Name]
		if known && e.Do == leave && at.kid.Super != nil {
			return fmt.Errorf("event %d (%v) is for workers", i+1, e)
		}
		switch alone := known && at.sup.Strategy == bastion.OneForOne; {
		case !known:
		case e.Do == fail && x.Rule.ghostly(),
			e.Do == bounce && at.kid.Restart == bastion.Temporary && x.Rule != bouncing,
			e.Do == remove && !at.added && at.sup.Name != x.Top.Name && x.Rule != removed,
			(e.Do == terminate || e.Do == kill) && !alone && x.Rule != stays && !x.again(i+1),
			e.Do == kill && x.Rule != killing:
			return fmt.Errorf("event %d (%v) may meet a rule", i+1, e)
		}
	}
	for _, p := range places {
		if k := p.kid; k.Super != nil && k.Restart == bastion.Transient && k.Super.Max < 1000 && x.Rule != fails {
			return fmt.Errorf("%v may give up, and is transient", k)
		}
	}
	return nil
}

// again reports whether event i starts again what the event before has stopped.
func (x *tale) again(i int) bool {
	if i < 1 || i >= len(x.Events) {
		return false
	}
	stop, e := x.Events[i-1], x.Events[i]
	return (stop.Do == terminate || stop.Do == kill) && e.Do == restart && e.Name == stop.Name && e.Sup == stop.Sup
}

// places finds every child of the tale by its name.
func (x *tale) places() map[string]place {
	all := map[string]place{}
	sups := map[string]*super{}
	x.supers(func(s *super) {
		sups[s.Name] = s
		for i := range s.Kids {
			all[s.Kids[i].Name] = place{sup: s, kid: &s.Kids[i]}
		}
	})
	for _, e := range x.Events {
		if _, known := all[e.Name]; e.Do == insert && !known && sups[e.Sup] != nil {
			all[e.Name] = place{sup: sups[e.Sup], kid: e.Kid, added: true}
		}
	}
	return all
}
