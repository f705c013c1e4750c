package topology

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
)

// Note is one thing about a machine that could not be read or made no sense, and what was assumed instead.
type Note struct {
	Path    string // the file, as an fs.FS names it, or the first of several; "" where there is no file
	More    int    // how many other files led to the same assumption
	Problem string // what was the matter with Path
	Assumed string // what the Topology says instead
}

// String is the note as one sentence.
func (n Note) String() string {
	where := ""
	if n.Path != "" {
		where = "/" + n.Path + " "
	}
	if n.More > 0 {
		where += fmt.Sprintf("(and %d more) ", n.More)
	}
	return fmt.Sprintf("%s%s; assumed: %s", where, n.Problem, n.Assumed)
}

// note adds a note, or counts it with an earlier one that led to the same assumption: a machine of 512 CPUs without
// descriptions of its cores has one trouble, not 512.
func (r *reader) note(path, problem, assumed string) {
	i := slices.IndexFunc(r.notes, func(n Note) bool { return n.Assumed == assumed })
	if i < 0 {
		r.notes = append(r.notes, Note{Path: path, Problem: problem, Assumed: assumed})
	} else if r.notes[i].Path != path {
		r.notes[i].More++
	}
}

// problem puts an error in words that are the same on every system, and without the path.
func problem(err error) string {
	var pathError *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "is not there"
	case errors.Is(err, fs.ErrPermission):
		return "may not be read"
	case errors.As(err, &pathError):
		return "cannot be read: " + pathError.Err.Error()
	}
	return err.Error()
}
