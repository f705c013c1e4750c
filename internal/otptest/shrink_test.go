package otptest

import (
	"slices"

	"github.com/bastion-go/bastion"
)

// shrunk returns the smallest tale it can find that still differs, by trying smaller and simpler ones until none is left.
func shrunk(x *tale, differs func(*tale) bool) *tale {
	for progress := true; progress; {
		progress = false
		for _, smaller := range simpler(x) {
			if smaller.illegal() == nil && differs(smaller) {
				x, progress = smaller, true
				break
			}
		}
	}
	return x
}

// simpler lists tales that are a step simpler than x.
func simpler(x *tale) (all []*tale) {
	for size := len(x.Events) / 2; size > 0; size /= 2 {
		for at := 0; at+size <= len(x.Events); at += size {
			y := x.clone()
			y.Events = slices.Delete(y.Events, at, at+size)
			all = append(all, y)
		}
	}
	for i := range x.Boot {
		y := x.clone()
		y.Boot = slices.Delete(y.Boot, i, i+1)
		all = append(all, y)
	}
	count := 0
	x.supers(func(s *super) { count += len(s.Kids) })
	for i := range count {
		y := x.clone()
		y.cut(i)
		all = append(all, y)
	}
	for _, tweak := range tweaks {
		for i := 0; ; i++ {
			y := x.clone()
			changed, more := y.tweak(i, tweak)
			if !more {
				break
			}
			if changed {
				all = append(all, y)
			}
		}
	}
	return all
}

// tweaks make a kid simpler, and say whether they changed anything.
var tweaks = []func(*kid) bool{
	func(k *kid) bool { return set(&k.Manner, plain) && k.Super == nil },
	func(k *kid) bool { return k.Super == nil && k.Manner != deaf && set(&k.Shutdown, ample) },
	func(k *kid) bool { return set(&k.Form, loop) },
	func(k *kid) bool { return set(&k.Backoff, false) },
	func(k *kid) bool { return set(&k.Significant, false) },
	func(k *kid) bool { return !k.Significant && set(&k.Restart, bastion.Permanent) },
	func(k *kid) bool { return k.Super != nil && set(&k.Super.Strategy, bastion.OneForOne) },
	func(k *kid) bool { return k.Super != nil && set(&k.Super.Max, 1000) },
}

func set[T comparable](at *T, v T) bool {
	changed := *at != v
	*at = v
	return changed
}

// tweak changes the i-th kid of the tale, those that events insert included; no more: there are not so many.
func (x *tale) tweak(i int, how func(*kid) bool) (changed, more bool) {
	x.supers(func(s *super) {
		for j := range s.Kids {
			if i == 0 {
				changed, more = how(&s.Kids[j]), true
			}
			i--
		}
	})
	for _, e := range x.Events {
		if e.Kid != nil {
			if i == 0 {
				changed, more = how(e.Kid), true
			}
			i--
		}
	}
	return changed, more
}

// cut takes the i-th kid out.
func (x *tale) cut(i int) {
	x.supers(func(s *super) {
		if 0 <= i && i < len(s.Kids) {
			s.Kids = slices.Delete(s.Kids, i, i+1)
			i = -1
			return
		}
		i -= len(s.Kids)
	})
}

// supers calls f for every supervisor of the tale.
func (x *tale) supers(f func(*super)) {
	x.Top.supers(f)
	for _, e := range x.Events {
		if e.Kid != nil && e.Kid.Super != nil {
			e.Kid.Super.supers(f)
		}
	}
}

func (s *super) supers(f func(*super)) {
	f(s)
	for i := range s.Kids {
		if sub := s.Kids[i].Super; sub != nil {
			sub.supers(f)
		}
	}
}

func (x *tale) clone() *tale {
	y := *x
	y.Top.Kids = cloneKids(x.Top.Kids)
	y.Boot, y.Events = slices.Clone(x.Boot), slices.Clone(x.Events)
	for i, e := range y.Events {
		if e.Kid != nil {
			y.Events[i].Kid = &cloneKids([]kid{*e.Kid})[0]
		}
	}
	return &y
}

func cloneKids(kids []kid) []kid {
	kids = slices.Clone(kids)
	for i := range kids {
		if sub := kids[i].Super; sub != nil {
			own := *sub
			own.Kids = cloneKids(sub.Kids)
			kids[i].Super = &own
		}
	}
	return kids
}
