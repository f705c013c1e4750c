package bastion

import (
	"fmt"
	"slices"

	"github.com/bastion-go/bastion/internal/supervise"
)

// A roster is a supervisor's table of children. The supervisor's mu guards it for
// readers; its agenda alone writes, and reads without.
type roster struct {
	order []*child // start order, with those that are hidden
	ids   map[supervise.ID]*child
	names map[string]*child // without those that are hidden
}

// A Position is a place in the start order of a supervisor's children. The zero
// Position is the last; otherwise one of the two names a child.
type Position struct {
	Before string // the child that follows it
	After  string // the child that it follows
}

// visible are the children in their order, in a slice of the caller's own.
func (r *roster) visible() []*child {
	return slices.DeleteFunc(slices.Clone(r.order), func(c *child) bool { return c.hidden })
}

// index is where a child stands in the order that is put at that position; except
// is not counted. An unknown name is an ErrNoProcess.
func (r *roster) index(at Position, path string, except *child) (int, error) {
	name, step := at.Before, 0
	if at.After != "" {
		name, step = at.After, 1
	}
	if name == "" && except != nil {
		return len(r.order) - 1, nil
	}
	if name == "" {
		return len(r.order), nil
	}
	c := r.names[name]
	if c == nil {
		return 0, fmt.Errorf("%w: %s has no child %q", ErrNoProcess, path, name)
	}
	i := slices.Index(r.order, c)
	if except != nil && slices.Index(r.order, except) < i {
		i--
	}
	return i + step, nil
}

func (r *roster) insert(c *child, at int) {
	if r.ids == nil {
		r.ids, r.names = make(map[supervise.ID]*child), make(map[string]*child)
	}
	r.order = slices.Insert(r.order, at, c)
	r.ids[c.id] = c
	r.names[c.name] = c
}

// move takes the child out and puts it in at index at of what is left.
func (r *roster) move(c *child, at int) {
	i := slices.Index(r.order, c)
	r.order = slices.Insert(slices.Delete(r.order, i, i+1), at, c)
}

// next is the visible child that follows c in the order; 0: none.
func (r *roster) next(c *child) supervise.ID {
	for _, n := range r.order[slices.Index(r.order, c)+1:] {
		if !n.hidden {
			return n.id
		}
	}
	return 0
}

// remove forgets the child.
func (r *roster) remove(c *child) {
	i := slices.Index(r.order, c)
	if i < 0 {
		return
	}
	r.order = slices.Delete(r.order, i, i+1)
	delete(r.ids, c.id)
	r.hide(c)
}

// strip forgets those who were added to the life that is over, and returns them.
func (r *roster) strip() (added []*child) {
	r.order = slices.DeleteFunc(r.order, func(c *child) bool {
		if c.dynamic {
			added = append(added, c)
			delete(r.ids, c.id)
			r.hide(c)
		}
		return c.dynamic
	})
	return added
}

// hide keeps a declared child that is gone until its supervisor starts anew.
func (r *roster) hide(c *child) {
	c.hidden = true
	if r.names[c.name] == c {
		delete(r.names, c.name)
	}
}

// show brings back who was hidden.
func (r *roster) show() {
	for _, c := range r.order {
		if c.hidden {
			c.hidden = false
			r.names[c.name] = c
		}
	}
}
