package bastion_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/bastion-go/bastion"
)

// A branch is the model of one child, or of a supervisor or group: slow, one thing after the other, with the semantics of
// OTP (and the rows marked + of S2, S3 and S8) and nothing else. A function returns when everything it leads to is over.
type branch struct {
	m        *treeModel
	name     string
	parent   *branch
	group    bool
	process  bool
	loop     bool
	restart  bastion.RestartType
	strategy bastion.Strategy
	max      int // restarts that the window allows
	failures int // in it
	declared bool
	count    int // of a group: how many members its spec has

	up       bool
	stopped  bool // on purpose
	finished bool // by itself
	gone     bool // forgotten; what was declared comes back with the next life of its supervisor
	removed  bool
	inc      int
	kids     []*branch
}

// A treeModel is the whole.
type treeModel struct {
	root      *branch
	trace     []string
	badStarts map[string]int // starts that will fail, by path
	started   map[string]int // starts that did not
	gaveUp    map[string]int
}

func (b *branch) path() string {
	if b.parent == nil {
		return "/sys/" + b.name
	}
	return b.parent.path() + "/" + b.name
}

func (b *branch) add(k *branch, at int) *branch {
	k.m, k.parent = b.m, b
	b.kids = slices.Insert(b.kids, at, k)
	return k
}

// present are the children in the table.
func (b *branch) present() (kids []*branch) {
	for _, k := range b.kids {
		if !k.gone {
			kids = append(kids, k)
		}
	}
	return kids
}

// within says whether b is a, or below it.
func (b *branch) within(a *branch) bool { return b == a || b.parent != nil && b.parent.within(a) }

// start starts a child, with all below it; false: it did not start, and is down again.
func (b *branch) start() bool {
	b.stopped, b.finished, b.gone = false, false, false
	if b.process {
		b.inc++
		b.m.trace = append(b.m.trace, fmt.Sprintf("start %s@%d", b.path(), b.inc))
		if b.up = b.m.badStarts[b.path()] == 0; !b.up {
			b.m.badStarts[b.path()]--
			return false
		}
		b.m.started[b.path()]++
		return true
	}
	b.begin()
	b.up = true
	for _, k := range slices.Clone(b.kids) {
		if !k.start() {
			b.stop()
			return false
		}
	}
	return true
}

// begin makes the children of a new life: those of the spec, without what was removed.
func (b *branch) begin() {
	b.failures = 0
	if b.group { // who has left it is another process than who has the number now
		b.kids = slices.DeleteFunc(b.kids, func(k *branch) bool { return k.gone })
	}
	for i := 0; b.group && i < b.count; i++ {
		if !slices.ContainsFunc(b.kids, func(k *branch) bool { return k.declared && k.name == fmt.Sprint(i) }) {
			b.add(b.member(i), i)
		}
	}
	b.kids = slices.DeleteFunc(b.kids, func(k *branch) bool { return k.removed || !k.declared })
	if b.group {
		slices.SortFunc(b.kids, func(k, l *branch) int { return strings.Compare(k.name, l.name) })
	}
}

// member is a new member of a group. Its process is another one than that which had the number before.
func (b *branch) member(i int) *branch {
	return &branch{declared: i < b.count, name: fmt.Sprint(i), process: true, restart: b.restart}
}

// stop stops a child and all below it, in reverse order, and asks them.
func (b *branch) stop() {
	for _, k := range slices.Backward(b.kids) {
		if k.up {
			k.stop()
		}
	}
	if b.process && b.up {
		b.m.trace = append(b.m.trace, fmt.Sprintf("stop %s@%d", b.path(), b.inc))
	}
	b.up = false
}

// kill is stop without asking.
func (b *branch) kill() {
	for _, k := range b.kids {
		k.kill()
	}
	b.up = false
}

// exit is the end of a process by itself; asked: its stop hook ran.
func (b *branch) exit(failed, asked bool) {
	if asked {
		b.stop()
	}
	b.up = false
	b.parent.heal(b, failed)
}

// heal is what a supervisor does about the end of a child.
func (b *branch) heal(k *branch, failed bool) {
	if k.restart == bastion.Temporary || k.restart == bastion.Transient && !failed {
		k.finished = true
		k.gone = k.restart == bastion.Temporary || b.group
		return
	}
	for k != nil {
		if b.failures++; b.failures > b.max {
			b.m.gaveUp[b.path()]++
			b.stop()
			b.parent.heal(b, true)
			return
		}
		k = b.restartWith(k)
	}
}

// restartWith restarts a child and those that its strategy takes along, and returns the one that did not start.
func (b *branch) restartWith(k *branch) *branch {
	set := []*branch{k}
	switch i := slices.Index(b.kids, k); b.strategy {
	case bastion.OneForAll:
		set = slices.Clone(b.kids)
	case bastion.RestForOne:
		set = slices.Clone(b.kids[i:])
	}
	for _, s := range slices.Backward(set) {
		if s.up {
			s.stop()
			s.gone = s.restart == bastion.Temporary
		}
	}
	for _, s := range set {
		if !s.gone && !s.stopped && !s.start() {
			return s
		}
	}
	return nil
}

// orderStop is Stop, Drain, Kill and Remove of a child.
func (b *branch) orderStop(brutal, remove bool) {
	if b.up {
		if brutal {
			b.kill()
		} else {
			b.stop()
		}
	}
	b.stopped, b.finished = true, false
	b.removed = b.removed || remove
	b.gone = b.gone || remove || b.restart == bastion.Temporary || b.parent.group
}

// orderRestart is Restart of a child. One that ran is repaired like any other if it does not start again; false: one
// that did not run stays down.
func (b *branch) orderRestart() bool {
	if b.up {
		b.stop()
		if !b.start() {
			b.parent.heal(b, true)
		}
		return b.up
	}
	if b.start() {
		return true
	}
	b.gone = b.restart == bastion.Temporary
	return false
}

// orderAdd starts a child that was just added; one that does not start leaves no trace.
func (b *branch) orderAdd() {
	if !b.start() {
		b.drop()
	}
}

func (b *branch) drop() {
	b.gone, b.removed = true, true
	b.parent.kids = slices.DeleteFunc(b.parent.kids, func(x *branch) bool { return x == b })
}

// declare makes b, and all below it, part of the spec of its supervisor.
func (b *branch) declare() {
	b.declared = true
	b.adopt()
}

// adopt tells all below b whose model they are of.
func (b *branch) adopt() {
	for _, k := range b.kids {
		k.m = b.m
		k.adopt()
	}
}

func (b *branch) moveBefore(k, at *branch) {
	b.kids = slices.DeleteFunc(b.kids, func(x *branch) bool { return x == k })
	i := len(b.kids)
	if at != k {
		i = slices.Index(b.kids, at)
	}
	b.kids = slices.Insert(b.kids, i, k)
}

// spawn adds a member.
func (b *branch) spawn(number string) *branch {
	i, err := strconv.Atoi(number)
	if err != nil || slices.ContainsFunc(b.present(), func(k *branch) bool { return k.name == number }) {
		number += " is taken"
	}
	k := b.member(i)
	k.name, k.declared = number, false
	return b.add(k, len(b.kids))
}

// reachable are b and what is below it, but not below what is down.
func (b *branch) reachable() []*branch {
	list := []*branch{b}
	if b.up {
		for _, k := range b.present() {
			list = append(list, k.reachable()...)
		}
	}
	return list
}

// all are b and everything below it that is in a table, supervisors before what is below them.
func (b *branch) all() []*branch {
	list := []*branch{b}
	for _, k := range b.present() {
		list = append(list, k.all()...)
	}
	return list
}
