package kvstore

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
)

// start serves on a free port until the test ends.
func start(t *testing.T, s *Service) (*bastion.Supervisor, string) {
	t.Helper()
	socket, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { socket.Close() })
	s.Socket = socket
	sys, err := bastion.New(bastion.Config{Name: "test", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	service, err := sys.Supervise(s.Spec())
	if err != nil {
		t.Fatal(err)
	}
	if err := sys.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sys.Stop(context.Background()); err != nil {
			t.Errorf("stop: %v", err)
		}
		if b := sys.Inspector().Books(); !b.Balanced() {
			t.Errorf("books: %v", b)
		}
	})
	return service, socket.Addr().String()
}

// A caller is a client for tests: it says a line and hears a line.
type caller struct {
	t     *testing.T
	conn  net.Conn
	lines *bufio.Reader
}

func call(t *testing.T, address string) *caller {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	return &caller{t, conn, bufio.NewReader(conn)}
}

func (c *caller) say(line string) {
	c.t.Helper()
	if _, err := io.WriteString(c.conn, line+"\n"); err != nil {
		c.t.Fatalf("%.40q: %v", line, err)
	}
}

func (c *caller) ask(line string) string {
	c.t.Helper()
	c.say(line)
	answer, err := c.lines.ReadString('\n')
	if err != nil {
		c.t.Fatalf("%.40q: %v", line, err)
	}
	return strings.TrimSuffix(answer, "\n")
}

// expect asks, and wants the answer to begin in a certain way.
func (c *caller) expect(line, beginning string) {
	c.t.Helper()
	if got := c.ask(line); !strings.HasPrefix(got, beginning) {
		c.t.Errorf("%.40q was answered with %q, want %q…", line, got, beginning)
	}
}

// expectEnd wants the service to have closed the connection, with nothing more to say than an error.
func (c *caller) expectEnd() {
	c.t.Helper()
	rest, err := io.ReadAll(c.lines)
	if err != nil && !errors.Is(err, syscall.ECONNRESET) {
		c.t.Errorf("the connection goes on: %v", err)
	}
	if len(rest) > 0 && !strings.HasPrefix(string(rest), "ERR ") {
		c.t.Errorf("more was said: %q", rest)
	}
}

func TestConversation(t *testing.T) {
	_, address := start(t, &Service{Shards: 3})
	c, d := call(t, address), call(t, address)
	c.expect("SET greeting hello, world", "OK 1")
	d.expect("GET greeting", "VALUE 1 hello, world")
	d.expect("INCR n", "VALUE 1 1")
	c.expect("INCR n", "VALUE 1 2")
	c.expect("KEYS", "KEYS 2 greeting n")
	c.expect("KEYS g", "KEYS 1 greeting")
	c.expect("KEYS x", "KEYS 0")
	c.expect("DEL greeting", "OK 1")
	d.expect("GET greeting", "NONE 1")
	d.expect("HELP", "HELP SET")
	d.expect("QUIT", "BYE")
	d.expectEnd()
	c.expect("GET n", "VALUE 1 2")
}

func TestNonsenseIsAnsweredAndTheConnectionGoesOn(t *testing.T) {
	_, address := start(t, &Service{})
	c := call(t, address)
	for _, line := range []string{"", "FROB", "GET", "SET a", "\x00\x01\xff", "GET / HTTP/1.1", strings.Repeat("y", MaxLine-2)} {
		c.expect(line, "ERR ")
	}
	c.expect("SET a b", "OK 1")
}

func TestTooLongALineEndsItsConnectionOnly(t *testing.T) {
	_, address := start(t, &Service{})
	c, d := call(t, address), call(t, address)
	longest := "SET a " + strings.Repeat("v", MaxLine-len("SET a \n"))
	c.expect(longest, "OK 1")
	c.expect("GET a", "VALUE 1 vvv")
	c.say(longest + "v")
	c.expectEnd()
	d.expect("GET a", "VALUE 1 vvv")

	// Without any end in sight it is cut off as well, rather than held in memory.
	e := call(t, address)
	_, err := io.Copy(e.conn, io.LimitReader(endless('z'), 1<<30))
	if err == nil {
		t.Error("a gigabyte without a line break was taken")
	}
	d.expect("GET a", "VALUE 1 vvv")
}

type endless byte

func (b endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(b)
	}
	return len(p), nil
}

func TestHalfALineIsNotCarriedOut(t *testing.T) {
	_, address := start(t, &Service{})
	c := call(t, address)
	c.expect("SET a 1200", "OK 1")
	d := call(t, address)
	if _, err := io.WriteString(d.conn, "SET a 12"); err != nil {
		t.Fatal(err)
	}
	if err := d.conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	d.expectEnd()
	c.expect("GET a", "VALUE 1 1200")
}

func TestCrashOfAShardLosesItsKeysOnly(t *testing.T) {
	_, address := start(t, &Service{Shards: 2})
	c := call(t, address)
	here, there := "", ""
	for i := 0; here == "" || there == ""; i++ {
		if key := fmt.Sprint("k", i); Owner(key, 2) == 0 {
			here = key
		} else {
			there = key
		}
	}
	c.expect("SET "+here+" a", "OK 1")
	c.expect("SET "+there+" b", "OK 1")
	c.expect("CRASH "+here, "ERR ")
	c.expect("GET "+here, "NONE 2")
	c.expect("GET "+there, "VALUE 1 b")
	for life := 3; life < 30; life++ {
		c.expect("CRASH "+here, "ERR ")
		c.expect("SET "+here+" again", fmt.Sprintf("OK %d", life))
	}
}

func TestCrashOfAConnectionEndsThatOnly(t *testing.T) {
	_, address := start(t, &Service{})
	c, d := call(t, address), call(t, address)
	c.expect("SET a b", "OK 1")
	d.say("CRASH")
	d.expectEnd()
	c.expect("GET a", "VALUE 1 b")
}

func TestAShardThatHangsIsAnsweredWithAnError(t *testing.T) {
	service, address := start(t, &Service{Shards: 1, Timeout: 20 * time.Millisecond})
	release := make(chan struct{})
	hang := Fault(func(*bastion.Context) error { <-release; return nil })
	if err := service.Group("shards").Member(0).Tell(t.Context(), hang); err != nil {
		t.Fatal(err)
	}
	c := call(t, address)
	c.expect("SET a late", "ERR ")
	c.expect("KEYS", "ERR ")
	close(release)
	got := ""
	for got = c.ask("GET a"); strings.HasPrefix(got, "ERR "); got = c.ask("GET a") {
	}
	// What was sent before is carried out before, late as it is.
	if got != "VALUE 1 late" {
		t.Errorf("GET a: %q", got)
	}
}

func TestACrashOfTheListenerRefusesNobody(t *testing.T) {
	service, address := start(t, &Service{})
	c := call(t, address)
	c.expect("SET a b", "OK 1")
	fail := Fault(func(*bastion.Context) error { panic("on purpose") })
	for range 3 {
		if err := service.Child("listener").Tell(t.Context(), fail); err != nil {
			t.Fatal(err)
		}
		// No dial fails. A connection that the dying listener had just accepted may end
		// before it says anything; the one after it does not.
		for answer := ""; answer != "VALUE 1 b"; {
			d := call(t, address)
			io.WriteString(d.conn, "GET a\n")
			line, _ := d.lines.ReadString('\n')
			answer = strings.TrimSuffix(line, "\n")
		}
	}
	c.expect("GET a", "VALUE 1 b")
}

// A socket that was handed to a connection which failed before it took it is closed by the auditor.
func TestTheAuditorClosesLostSockets(t *testing.T) {
	service, _ := start(t, &Service{})
	dead, err := service.Group("connections").Spawn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ours, theirs := pair(t)
	block := make(chan struct{})
	failLater := Fault(func(*bastion.Context) error { <-block; return errors.New("on purpose") })
	for _, msg := range []any{failLater, theirs} {
		if err := dead.Tell(t.Context(), msg); err != nil {
			t.Fatal(err)
		}
	}
	close(block)
	if n, err := ours.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("read %d bytes, %v; want the end", n, err)
	}
}

// pair makes the two ends of a connection.
func pair(t *testing.T) (ours, theirs *net.TCPConn) {
	t.Helper()
	socket, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	conn, err := net.Dial("tcp", socket.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if theirs, err = socket.AcceptTCP(); err != nil {
		t.Fatal(err)
	}
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	return conn.(*net.TCPConn), theirs
}
