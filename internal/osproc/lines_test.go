package osproc

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

func lines(t testing.TB, r io.Reader, longest int) []Line {
	t.Helper()
	var all []Line
	for l := NewLineReader(r, longest); ; {
		line, err := l.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, line)
	}
}

func TestLinesAreCutAndNothingIsLost(t *testing.T) {
	long := strings.Repeat("x", 16)
	for _, c := range []struct {
		in   string
		want []Line
	}{
		{"", nil},
		{"\n", []Line{{Text: ""}}},
		{"a\nb", []Line{{Text: "a"}, {Text: "b"}}},
		{"a\r\n\r\nb\n", []Line{{Text: "a"}, {Text: ""}, {Text: "b"}}},
		{long + "yz\nq", []Line{{Text: long, Truncated: true}, {Text: "yz"}, {Text: "q"}}},
		{long + "\nq", []Line{{Text: long, Truncated: true}, {Text: ""}, {Text: "q"}}},
		{long, []Line{{Text: long, Truncated: true}, {Text: ""}}},
		{"\xff\x00\n", []Line{{Text: "\xff\x00"}}},
	} {
		if got := lines(t, strings.NewReader(c.in), 16); !slices.Equal(got, c.want) {
			t.Errorf("%q: %+v, want %+v", c.in, got, c.want)
		}
		if got := lines(t, iotest.OneByteReader(strings.NewReader(c.in)), 16); !slices.Equal(got, c.want) {
			t.Errorf("%q byte by byte: %+v, want %+v", c.in, got, c.want)
		}
	}
}

func FuzzLines(f *testing.F) {
	f.Add([]byte("a\nbb\r\n"+strings.Repeat("c", 40)), 16)
	f.Fuzz(func(t *testing.T, in []byte, longest int) {
		longest = 16 + longest&63
		var back bytes.Buffer
		all := lines(t, bytes.NewReader(in), longest)
		for i, l := range all {
			if len(l.Text) > longest {
				t.Fatalf("%d bytes", len(l.Text))
			}
			back.WriteString(l.Text)
			if !l.Truncated && (i < len(all)-1 || bytes.HasSuffix(in, []byte("\n"))) {
				back.WriteByte('\n')
			}
		}
		// The one thing that is not kept is what ended a line.
		plain := func(b []byte) string { return regexp.MustCompile(`\r+\n`).ReplaceAllString(string(b), "\n") }
		if plain(back.Bytes()) != plain(in) {
			t.Fatalf("%q became %q", in, back.Bytes())
		}
	})
}

func TestNoticeIsParsedWholeOrNotAtAll(t *testing.T) {
	got, err := ParseNotice([]byte("READY=1\nSTATUS=fine, thanks\nMAINPID=42\nEXTEND_TIMEOUT_USEC=1500000\nX_OWN=1\nWATCHDOG=1\n"))
	want := Notice{Ready: true, Status: "fine, thanks", MainPID: 42, Extend: 1500e6, Alive: true}
	if err != nil || got != want {
		t.Errorf("%+v %v, want %+v", got, err, want)
	}
	if n, err := ParseNotice([]byte("WATCHDOG=trigger\nSTOPPING=1\nREADY=0\nWATCHDOG_USEC=18446744073709551615")); err != nil || !n.Trouble || n.Alive || !n.Stopping || n.Ready || n.Watchdog <= 0 {
		t.Errorf("%+v %v", n, err)
	}
	for _, raw := range []string{"READY=1\nMAINPID=x", "READY=1\x00", "STATUS=\xff", "READY=1\n" + strings.Repeat("x", mostNotice), "EXTEND_TIMEOUT_USEC=-1"} {
		if n, err := ParseNotice([]byte(raw)); err == nil || n != (Notice{}) {
			t.Errorf("%.30q: %+v %v", raw, n, err)
		}
	}
}

func FuzzNotice(f *testing.F) {
	f.Add([]byte("READY=1\nSTATUS=x"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if n, err := ParseNotice(raw); err != nil && n != (Notice{}) {
			t.Fatalf("refused, but %+v", n)
		} else if n.Extend < 0 || n.Watchdog < 0 {
			t.Fatalf("%+v", n)
		}
	})
}
