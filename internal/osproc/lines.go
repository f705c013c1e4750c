package osproc

import (
	"bufio"
	"errors"
	"io"
)

// DefaultLine is the longest line, in bytes, where nothing else is said.
const DefaultLine = 64 << 10

// A Line is one line of output without its end ("\n" or "\r\n"), or a piece of
// one. The bytes are those the program wrote, text or not.
type Line struct {
	Text string
	// Truncated: the line was longer than the bound and goes on in the next Line.
	// So nothing is lost, and memory is bounded.
	Truncated bool
}

// A LineReader splits a stream in lines of bounded length. For one goroutine.
type LineReader struct {
	r    *bufio.Reader
	rest bool // the last Line was truncated
}

// NewLineReader reads from r lines of at most longest bytes; 0 is DefaultLine, and
// the least is 16.
func NewLineReader(r io.Reader, longest int) *LineReader {
	if longest <= 0 {
		longest = DefaultLine
	}
	return &LineReader{r: bufio.NewReaderSize(r, longest)}
}

// Next returns the next line. A last line without an end is one as well. The error
// is io.EOF, or what the stream said; then there is no Line.
func (l *LineReader) Next() (Line, error) {
	raw, err := l.r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		l.rest = true
		return Line{Text: string(raw), Truncated: true}, nil
	}
	wasRest := l.rest
	l.rest = false
	if len(raw) == 0 && err != nil {
		if wasRest && errors.Is(err, io.EOF) {
			return Line{}, nil // the line that was announced: it had exactly the bound
		}
		return Line{}, err
	}
	if err == nil {
		raw = raw[:len(raw)-1]
		if n := len(raw); n > 0 && raw[n-1] == '\r' {
			raw = raw[:n-1]
		}
	}
	return Line{Text: string(raw)}, nil
}
