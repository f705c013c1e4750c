package runner

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/bastion-go/bastion/fort"
)

func TestSocketsAsText(t *testing.T) {
	for text, want := range map[string]fort.Socket{
		":80":                 {Network: "tcp", Address: ":80"},
		"[::1]:80":            {Network: "tcp", Address: "[::1]:80"},
		"web=:80":             {Name: "web", Network: "tcp", Address: ":80"},
		"web=tcp4:0.0.0.0:80": {Name: "web", Network: "tcp4", Address: "0.0.0.0:80"},
		"udp::53":             {Network: "udp", Address: ":53"},
		"/run/a=b.sock":       {Network: "unix", Address: "/run/a=b.sock"},
		"unix:here":           {Network: "unix", Address: "here"},
		"log=unixgram:/run/l": {Name: "log", Network: "unixgram", Address: "/run/l"},
	} {
		if got, err := ParseSocket(text); got != want || err != nil {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "80", "=:80", "tcp:", "web=", "tcp:80"} {
		if got, err := ParseSocket(text); err == nil {
			t.Errorf("%q: %+v", text, got)
		}
	}
}

func TestSizes(t *testing.T) {
	for text, want := range map[string]Size{
		"0": 0, "800": 800, "1K": 1024, "512M": 512 << 20, "1.5G": 3 << 29, "2gib": 2 << 30, "3 TB": 3 << 40, "10b": 10,
	} {
		if text = strings.ReplaceAll(text, " ", ""); text == "" {
			continue
		}
		var s Size
		if err := s.Set(text); err != nil || s != want {
			t.Errorf("%s: %d, %v", text, s, err)
		}
	}
	for _, text := range []string{"", "M", "-1", "-1M", "NaN", "1e30", "9999999T", "12X", "1MM"} {
		var s Size
		if err := s.Set(text); err == nil {
			t.Errorf("%q: %d", text, s)
		}
	}
	for size, want := range map[Size]string{0: "0", 900: "900", 512 << 20: "512M", 3 << 29: "1.5G"} {
		if got := size.String(); got != want {
			t.Errorf("%d is %s, want %s", int64(size), got, want)
		}
	}
}

func TestHealth(t *testing.T) {
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	asks := func(target string) error {
		t.Helper()
		health, err := ParseHealth(target)
		if err != nil {
			t.Fatal(err)
		}
		return health(t.Context())
	}
	address := server.Listener.Addr().String()
	for _, well := range []int{200, 204, 302, 399} {
		if status = well; asks(server.URL+"/live") != nil || asks(address) != nil {
			t.Errorf("%d is not healthy", well)
		}
	}
	for _, ill := range []int{400, 404, 500, 503} {
		if status = ill; asks(server.URL) == nil {
			t.Errorf("%d is healthy", ill)
		}
	}
	server.Close()
	if asks(server.URL) == nil || asks(address) == nil || asks("unix:"+t.TempDir()+"/none") == nil {
		t.Error("healthy, though nobody is there")
	}
	for _, bad := range []string{"", "http://", "ftp://x/", "udp::53", "name=:80", "http://%"} {
		if _, err := ParseHealth(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

// One that takes the connection and never answers is not well; the context ends the wait.
func TestHealthOfTheSilent(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	health, err := ParseHealth("http://" + l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := health(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

// noon is when these tests take place.
func noon() time.Time { return time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC) }

func TestConsoleKeepsTheStatusLineLast(t *testing.T) {
	var screen strings.Builder
	c := &Console{Out: &screen, Err: &screen, Name: "web", Wards: 2, Width: func() int { return 20 }, Now: noon, Stamp: true}
	c.SetStatus("ten characters and more")
	c.Line(fort.Line{Text: "hello"})
	c.Line(fort.Line{Ward: 1, Stderr: true, Text: "half", Truncated: true})
	c.Say(red, "it %s", "fell")
	c.SetStatus("ten characters and more")
	c.Close()
	want := "ten characters and…\r" +
		"\r\x1b[K12:00:00.000 web:0 | hello\n" + "ten characters and…\r" +
		"\r\x1b[K12:00:00.000 web:1 | half…\n" + "ten characters and…\r" +
		"\r\x1b[K12:00:00.000 bastion run: it fell\n" + "ten characters and…\r" +
		"\r\x1b[K"
	if screen.String() != want {
		t.Errorf("%q, want\n%q", screen.String(), want)
	}
}

func TestConsoleWithoutPrefixKeepsLongLinesWhole(t *testing.T) {
	var screen strings.Builder
	c := &Console{Out: &screen, Err: &screen, NoPrefix: true, Width: func() int { return 80 }}
	c.SetStatus("status")
	c.Line(fort.Line{Text: "half", Truncated: true})
	c.SetStatus("other")
	c.Line(fort.Line{Text: "whole"})
	if want := "status\r\r\x1b[Khalfwhole\nother\r"; screen.String() != want {
		t.Errorf("%q, want\n%q", screen.String(), want)
	}
}

// No status line is better than one that cannot be erased.
func TestConsoleInTheNarrowest(t *testing.T) {
	for width := range 100 {
		var screen strings.Builder
		c := &Console{Out: &screen, Err: &screen, Name: "web", Width: func() int { return width }}
		c.SetStatus("a line of fifty characters\nwith \x1b[2J what moves")
		c.Line(fort.Line{Text: "hello"})
		c.Close()
		for _, row := range strings.FieldsFunc(screen.String(), func(r rune) bool { return r == '\n' || r == '\r' }) {
			row = strings.TrimPrefix(row, "\x1b[K")
			if n := len([]rune(row)); strings.ContainsRune(row, '\x1b') || n >= width && row != "web | hello" {
				t.Errorf("%d columns: %q", width, row)
			}
		}
	}
}

// A pipe that nobody reads, and one that nobody will.
func TestConsoleThatNobodyReads(t *testing.T) {
	stuck, in := io.Pipe()
	c := &Console{Out: in, Err: in, Name: "p", Width: func() int { return 80 }}
	c.Start()
	for range 2 * mostWords {
		c.Say(plain, "%s", "a word")
		c.SetStatus("status")
	}
	c.Close()
	stuck.Close()

	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	told := 0
	c = &Console{Out: w, Name: "p", Unread: func() { told++ }}
	c.Line(fort.Line{Text: "one"})
	r.Close()
	c.Line(fort.Line{Text: "two"})
	if runtime.GOOS != "windows" && told != 1 {
		t.Errorf("told %d times that nobody reads", told)
	}
}

func TestConsoleColours(t *testing.T) {
	var out, errs strings.Builder
	c := &Console{Out: &out, Err: &errs, Name: "p", Color: true}
	c.Line(fort.Line{Text: "a"})
	c.Line(fort.Line{Text: "b", Stderr: true})
	c.Say(red, "c")
	if out.String() != "\x1b[36mp\x1b[0m | a\n" || errs.String() != "\x1b[36mp\x1b[0m \x1b[31m|\x1b[0m b\n\x1b[31mbastion run: c\x1b[0m\n" {
		t.Errorf("%q, %q", out.String(), errs.String())
	}
}

func TestWatchTellsTheStory(t *testing.T) {
	var screen strings.Builder
	c := &Console{Out: &screen, Err: &screen, Name: "p"}
	w := &Watch{Console: c, Now: func() time.Time { return noon().Add(time.Minute) }}
	status := func(want string) {
		t.Helper()
		if got := w.status(); got != want {
			t.Errorf("status %q, want %q", got, want)
		}
	}
	w.Event(fort.Event{Kind: fort.Started, Time: noon(), Incarnation: 1, PID: 5})
	status(" p · up 1m0s · pid 5 · Ctrl-C stops it")
	died := &fort.Crash{Reason: "panic: no", PID: 5, Started: noon(), Ended: noon().Add(20 * time.Second), File: "/x", Delay: 1540 * time.Millisecond}
	w.Event(fort.Event{Kind: fort.Crashed, Time: noon(), Incarnation: 1, PID: 5, Crash: died})
	status(" p · down · 1 crashed · 40s ago: panic: no · Ctrl-C stops it")
	w.Event(fort.Event{Kind: fort.Started, Time: noon(), Incarnation: 2, PID: 6})
	w.Event(fort.Event{Kind: fort.Serving, Time: noon(), Incarnation: 2, PID: 6})
	w.Event(fort.Event{Kind: fort.Ended, Time: noon(), Incarnation: 1, PID: 5}) // late: it changes nothing
	status(" p · up 1m0s · pid 6, life 2 · 1 crashed · 40s ago: panic: no · Ctrl-C stops it")
	w.Event(fort.Event{Kind: fort.Stopping, Time: noon(), Incarnation: 2, PID: 6})
	status(" p · 1 crashed · 40s ago: panic: no · stopping; Ctrl-C again kills it")
	w.Event(fort.Event{Kind: fort.Crashed, Incarnation: 2, Crash: &fort.Crash{Reason: "exit status 1", GaveUp: true}})
	want := `bastion run: p: started, pid 5
bastion run: p: panic: no, after 20s; starts again in 1.5s
bastion run: p: the report is in /x
bastion run: p: started, pid 6, life 2
bastion run: p: serves
bastion run: p: has ended
bastion run: p: is told to stop
bastion run: p: exit status 1; that was one too many
`
	if screen.String() != want {
		t.Errorf("%s", screen.String())
	}
}

func TestLoggerLeavesOutWhatWasTold(t *testing.T) {
	var screen strings.Builder
	w := &Watch{Console: &Console{Err: &screen, Name: "p"}}
	log := w.Logger()
	log.Error("fort: crash", "crash", &fort.Crash{})
	log.Error("fort: giving up: more than 1 restarts")
	log.Debug("fort: nothing")
	log.With("pid", 5).Warn("fort: left behind", "error", errors.New("no"))
	log.Info("fort: upgraded", slog.Int("n", 1))
	if want := "bastion run: left behind pid=5 error=no\nbastion run: upgraded n=1\n"; screen.String() != want {
		t.Errorf("%q", screen.String())
	}
}
