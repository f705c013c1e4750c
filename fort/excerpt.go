package fort

import (
	"fmt"
	"io"
	"strings"
)

// An excerpt keeps the beginning and the end of what is written to it. The cause
// of a Go crash stands at the beginning, in front of a hundred thousand goroutines
// perhaps; that of other programs in their last line. The zero value keeps nothing.
type excerpt struct {
	headMax, tailMax int

	head, tail []byte
	total      int64
}

// Write never fails.
func (e *excerpt) Write(p []byte) (int, error) {
	n := len(p)
	e.total += int64(n)
	if room := e.headMax - len(e.head); room > 0 {
		k := min(room, len(p))
		e.head, p = append(e.head, p[:k]...), p[k:]
	}
	if len(p) > e.tailMax {
		p = p[len(p)-e.tailMax:]
	}
	if over := len(e.tail) + len(p) - e.tailMax; over > 0 {
		e.tail = append(e.tail[:0], e.tail[over:]...)
	}
	e.tail = append(e.tail, p...)
	return n, nil
}

func (e *excerpt) String() string {
	if lost := e.total - int64(len(e.head)+len(e.tail)); lost > 0 {
		return fmt.Sprintf("%s\n… %d bytes left out …\n%s", e.head, lost, e.tail)
	}
	return string(e.head) + string(e.tail)
}

// shorten cuts text in the middle to about max bytes.
func shorten(text string, max int) string {
	if len(text) <= max {
		return text
	}
	e := excerpt{headMax: max * 3 / 4, tailMax: max / 4}
	_, _ = io.Copy(&e, strings.NewReader(text))
	return e.String()
}
