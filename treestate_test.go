package bastion_test

import (
	"fmt"
	"maps"
	"strings"

	"github.com/bastion-go/bastion"
)

// clone is a model of its own in the same state.
func (m *treeModel) clone() *treeModel {
	c := &treeModel{badStarts: maps.Clone(m.badStarts), started: maps.Clone(m.started), gaveUp: maps.Clone(m.gaveUp)}
	c.root = m.root.clone(c, nil)
	return c
}

func (b *branch) clone(m *treeModel, parent *branch) *branch {
	c := *b
	c.m, c.parent, c.kids = m, parent, nil
	for _, k := range b.kids {
		c.kids = append(c.kids, k.clone(m, &c))
	}
	return &c
}

// hidden is all of a model that decides what follows.
func (b *branch) hidden() string {
	s := fmt.Sprint(b.name, b.restart, b.strategy, b.declared, b.up, b.stopped, b.finished, b.gone, b.removed, "(")
	for _, k := range b.kids {
		s += k.hidden()
	}
	return s + ")"
}

// state says who is up, in the order of the children; of a group how many are.
func (b *branch) state() string {
	var s strings.Builder
	b.write(&s, "")
	return s.String()
}

func (b *branch) write(s *strings.Builder, indent string) {
	fmt.Fprintf(s, "%s%s %v", indent, b.name, b.up)
	n := 0
	for _, k := range b.present() {
		if k.up {
			n++
		}
	}
	if b.group {
		fmt.Fprintf(s, ", %d members up\n", n)
		return
	}
	s.WriteByte('\n')
	for _, k := range b.present() {
		if b.up {
			k.write(s, indent+"  ")
		}
	}
}

// reality is the real tree as a model's state.
func (r *raceRun) reality() string {
	var s strings.Builder
	r.write(&s, r.root.path(), "")
	return s.String()
}

func (r *raceRun) write(s *strings.Builder, path, indent string) {
	n, err := r.sys.Inspector().Node(path)
	if err != nil {
		r.fail("%v", err)
		return
	}
	up := n.State == bastion.StateRunning
	if !up && n.State != bastion.StateStopped && n.State != bastion.StateDeclared {
		r.fail("%s is %v at rest", path, n.State)
	}
	fmt.Fprintf(s, "%s%s %v", indent, n.Name, up)
	if n.Kind == bastion.KindGroup {
		live := 0
		for _, c := range n.Children {
			if c.State == bastion.StateRunning {
				live++
			}
		}
		fmt.Fprintf(s, ", %d members up\n", live)
		return
	}
	s.WriteByte('\n')
	for _, c := range n.Children {
		if up {
			r.write(s, path+"/"+c.Name, indent+"  ")
		}
	}
}
