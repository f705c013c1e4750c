package runner

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"syscall"
	"time"
	"unicode"

	"github.com/bastion-go/bastion/fort"
)

// A Console is where a program's output, the guard's own words and the status line
// meet. Fill it in before its first use.
type Console struct {
	Out, Err io.Writer // for the program's output; all else goes to Err
	Name     string    // of the program, in front of its lines
	Wards    int       // how many run at a time; above 1 lines say whose they are
	NoPrefix bool      // the program's lines go out as they are
	Stamp    bool      // lines begin with the time of day
	Color    bool      // Err is a terminal that shows colours
	// Width, if it is set, is asked for the columns of the terminal that Err is: there
	// is a status line then.
	Width func() int
	// Now is the clock. Nil: the system's.
	Now func() time.Time
	// Unread, if it is set, is called when nobody will ever read the program's output
	// again: the other end of the pipe is closed. It may be called more than once.
	Unread func()

	words  chan func() // what Say and SetStatus are to do; nil: they do it at once
	spoken chan struct{}

	mu     sync.Mutex
	status string  // what is to stand in the last line
	drawn  bool    // it does
	cut    [2]bool // a line of standard output, or error, goes on: no place for a status
}

const (
	plain  = ""
	red    = "31"
	green  = "32"
	yellow = "33"
	dim    = "2"
	bold   = "1"
)

// wardColors tell wards apart.
var wardColors = []string{"36", "35", "34", "32", "33"}

func (c *Console) paint(code, text string) string {
	if !c.Color || code == plain {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (c *Console) stamp() string {
	if !c.Stamp {
		return ""
	}
	now := time.Now
	if c.Now != nil {
		now = c.Now
	}
	return c.paint(dim, now().Format("15:04:05.000")) + " "
}

// Line writes a line of the program.
func (c *Console) Line(l fort.Line) {
	to, stream := c.Out, 0
	if l.Stderr {
		to, stream = c.Err, 1
	}
	text := l.Text + "\n"
	switch {
	case c.NoPrefix && l.Truncated:
		text = l.Text
	case c.NoPrefix:
	case l.Truncated:
		text = c.prefix(l) + l.Text + "…\n"
	default:
		text = c.prefix(l) + text
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut[stream] = c.NoPrefix && l.Truncated
	if err := c.write(to, text); errors.Is(err, syscall.EPIPE) && c.Unread != nil {
		c.Unread()
	}
}

func (c *Console) prefix(l fort.Line) string {
	name := c.Name
	if c.Wards > 1 {
		name = fmt.Sprintf("%s:%d", name, l.Ward)
	}
	bar := "|"
	if l.Stderr {
		bar = c.paint(red, bar)
	}
	return c.stamp() + c.paint(wardColors[l.Ward%len(wardColors)], name) + " " + bar + " "
}

// Say writes a line of the guard.
func (c *Console) Say(color, format string, args ...any) {
	text := c.stamp() + c.paint(color, "bastion run: "+fmt.Sprintf(format, args...)) + "\n"
	c.later(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		_ = c.write(c.Err, text)
	})
}

// mostWords is how many words may wait for a terminal that takes none.
const mostWords = 1024

// Start has Say and SetStatus no longer wait for what is written, which may block,
// as a pipe does that nobody reads: those who call them have a program to guard.
// Until Close.
func (c *Console) Start() {
	c.words, c.spoken = make(chan func(), mostWords), make(chan struct{})
	go func() {
		defer close(c.spoken)
		for word := range c.words {
			word()
		}
	}()
}

// later does what is to be done in its turn. When too much waits it is lost.
func (c *Console) later(word func()) {
	if c.words == nil {
		word()
		return
	}
	select {
	case c.words <- word:
	default:
	}
}

// SetStatus changes the status line, if there is one.
func (c *Console) SetStatus(text string) {
	if c.Width == nil {
		return
	}
	c.later(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if text == c.status {
			return
		}
		c.erase()
		c.status = text
		c.draw()
	})
}

// closeTime is how long the last words may take.
const closeTime = time.Second

// Close takes the status line away. Nobody may call Say or SetStatus any more.
func (c *Console) Close() {
	c.SetStatus("")
	if c.words == nil {
		return
	}
	close(c.words)
	timer := time.NewTimer(closeTime)
	defer timer.Stop()
	select {
	case <-c.spoken:
	case <-timer.C: // they are written to somebody who does not read
	}
}

// write is for whole lines, above the status line.
func (c *Console) write(to io.Writer, text string) error {
	c.erase()
	_, err := io.WriteString(to, text)
	c.draw()
	return err
}

func (c *Console) erase() {
	if c.drawn {
		_, _ = io.WriteString(c.Err, "\r\x1b[K")
		c.drawn = false
	}
}

// leastWidth is the narrowest terminal that a status line is for. One that is wider
// than the terminal cannot be erased.
const leastWidth = 20

// draw writes the status line without a line break, so that it can be erased.
func (c *Console) draw() {
	if c.status == "" || c.cut[0] || c.cut[1] {
		return
	}
	width := c.Width()
	if width < leastWidth {
		return
	}
	_, _ = io.WriteString(c.Err, c.paint(bold, fit(oneLine(c.status), width-1))+"\r")
	c.drawn = true
}

// oneLine is text without what would move the cursor: a report may quote anything.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
}

// fit cuts text to so many characters.
func fit(text string, width int) string {
	if runes := []rune(text); len(runes) > width {
		return string(runes[:width-1]) + "…"
	}
	return strings.TrimRight(text, " ")
}
