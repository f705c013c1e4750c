package executor

import (
	"bytes"
	"runtime/pprof"
	"strconv"
	"strings"
)

// StackByLabel returns the stacks of the goroutines that carry the pprof label key with the given value, as the
// goroutine profile prints them (function and line of each frame, innermost first), an empty line between two; "" when
// there is none. Goroutines inherit the labels of their creator, so there may be more than the one that set it.
//
// The profile visits all goroutines of the program but stops them only for a moment, unlike [runtime.Stack] for all,
// and may therefore miss one that starts or ends meanwhile. It is for reports, not for a program's own decisions.
func StackByLabel(key, value string) string { return profile("", key, value) }

// profile returns the stacks whose labels include all of the pairs and, if root is not empty, that have a frame of a
// function with that suffix.
func profile(root string, pairs ...string) string {
	f := stackFilter{root: root}
	for i := 0; i+1 < len(pairs); i += 2 {
		f.want = append(f.want, strconv.Quote(pairs[i])+":"+strconv.Quote(pairs[i+1]))
	}
	if err := pprof.Lookup("goroutine").WriteTo(&f, 1); err != nil {
		return "" // the filter itself never fails, and the profile always exists
	}
	f.flush()
	return f.out.String()
}

// stackFilter reads the text of a goroutine profile as it is written and keeps only what matches: a program with a
// million goroutines has a profile that nobody wants in memory whole.
type stackFilter struct {
	root  string
	want  []string // as the profile prints them: "key":"value"
	part  []byte   // a line that has not ended
	block []string // the frames of the present stack
	match bool     // its labels match
	out   strings.Builder
}

// Write implements io.Writer.
func (f *stackFilter) Write(p []byte) (int, error) {
	n := len(p)
	for {
		line, rest, found := bytes.Cut(p, []byte("\n"))
		f.part = append(f.part, line...)
		if !found {
			return n, nil
		}
		f.line(string(f.part))
		f.part, p = f.part[:0], rest
	}
}

// line takes the next line: a stack begins with "count @ addresses", then "# labels: {...}" if it has any, then
// "#\taddress\tfunction+offset\tfile:line" for each frame.
func (f *stackFilter) line(s string) {
	switch {
	case strings.HasPrefix(s, "# labels: "):
		f.match = true
		for _, w := range f.want {
			f.match = f.match && strings.Contains(s, w)
		}
	case strings.HasPrefix(s, "#\t"):
		if fields := strings.Fields(s[2:]); f.match && len(fields) == 3 {
			f.block = append(f.block, fields[1]+"\n\t"+fields[2])
		}
	default:
		f.flush()
	}
}

// flush ends a stack, and keeps it if it matches.
func (f *stackFilter) flush() {
	if f.match && len(f.block) > 0 && f.hasRoot() {
		if f.out.Len() > 0 {
			f.out.WriteByte('\n')
		}
		for _, frame := range f.block {
			f.out.WriteString(frame + "\n")
		}
	}
	f.block, f.match = f.block[:0], false
}

func (f *stackFilter) hasRoot() bool {
	if f.root == "" {
		return true
	}
	for _, frame := range f.block {
		if name, _, _ := strings.Cut(frame, "+0x"); strings.HasSuffix(name, f.root) {
			return true
		}
	}
	return false
}
