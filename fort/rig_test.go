//go:build unix

package fort_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The tests run real programs: this test binary, started again with a role. A role
// calls fort.Main, so what is started is a guard, which starts the binary once more
// as the ward. The ward says on standard output what it does, and takes orders over
// a socket.

const (
	roleVar  = "FORT_TEST_ROLE"
	netVar   = "FORT_TEST_NETWORK"
	addrVar  = "FORT_TEST_ADDRESS"
	crashVar = "FORT_TEST_CRASHES"
	modeVar  = "FORT_TEST_MODE"
)

// guardTime bounds every wait. It is no deadline for anything that is tested.
const guardTime = 60 * time.Second

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVar); role != "" {
		play(role)
		panic("role " + role + " returned")
	}
	os.Exit(m.Run())
}

// A rig is one fort under test.
type rig struct {
	t     testing.TB
	cmd   *exec.Cmd
	lines chan string
	ended chan struct{} // closed when the guard was waited for

	mu   sync.Mutex
	errs bytes.Buffer // standard error of guard and wards
	pids []int        // of wards that said so
	addr string       // of the first socket
	net  string
}

// begin starts a role.
func begin(t testing.TB, role string, env ...string) *rig {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return beginAs(t, exe, role, env...)
}

func beginAs(t testing.TB, exe, role string, env ...string) *rig {
	t.Helper()
	r := start(t, exe, role, env, func(*exec.Cmd) {})
	if r == nil {
		t.Fatal("it could not be started")
	}
	return r
}

// beginWith starts a role after a change to how. Nil: that cannot be had here.
func beginWith(t testing.TB, role string, change func(*exec.Cmd)) *rig {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return start(t, exe, role, nil, change)
}

func start(t testing.TB, exe, role string, env []string, change func(*exec.Cmd)) *rig {
	t.Helper()
	r := &rig{t: t, lines: make(chan string, 1024), ended: make(chan struct{}), net: "tcp"}
	r.cmd = exec.Command(exe)
	r.cmd.Env = append(os.Environ(), roleVar+"="+role)
	r.cmd.Env = append(r.cmd.Env, env...)
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.cmd.Stdout = in
	r.cmd.Stderr = (*locked)(r)
	change(r.cmd)
	if err := r.cmd.Start(); err != nil {
		in.Close()
		out.Close()
		t.Logf("starting: %v", err)
		return nil
	}
	in.Close()
	go func() {
		defer close(r.lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			r.note(s.Text())
			r.lines <- s.Text()
		}
		out.Close()
	}()
	go func() {
		_ = r.cmd.Wait()
		close(r.ended)
	}()
	t.Cleanup(r.close)
	return r
}

// locked is the rig as a writer of standard error.
type locked rig

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.errs.Write(p)
}

func (r *rig) stderr() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.errs.String()
}

func (r *rig) note(line string) {
	words := strings.Fields(line)
	if len(words) < 4 || words[0] != "serving" {
		return
	}
	pid, _ := strconv.Atoi(words[2])
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pids = append(r.pids, pid)
	r.addr = words[3]
}

// close kills what is left, the guard first, and looks that nothing remains.
func (r *rig) close() {
	_ = r.cmd.Process.Kill()
	<-r.ended
	for range r.lines { // ends when no ward holds the other end any more
	}
	if r.t.Failed() {
		r.t.Logf("standard error:\n%s", r.stderr())
	}
}

// expect waits for a line that begins so, and returns the rest of it in words.
func (r *rig) expect(prefix string) []string {
	r.t.Helper()
	timer := time.NewTimer(guardTime)
	defer timer.Stop()
	for {
		select {
		case line, ok := <-r.lines:
			if !ok {
				r.t.Fatalf("everything has ended; waited for %q", prefix)
			}
			if rest, is := strings.CutPrefix(line, prefix); is {
				return strings.Fields(rest)
			}
		case <-timer.C:
			r.t.Fatalf("waited in vain for %q", prefix)
		}
	}
}

// serving waits for the next ward and returns its incarnation and process.
func (r *rig) serving() (incarnation, pid int) {
	r.t.Helper()
	w := r.expect("serving ")
	incarnation, _ = strconv.Atoi(w[0])
	pid, _ = strconv.Atoi(w[1])
	return incarnation, pid
}

// ask sends one order over a new connection and returns the answer. An error means
// that the ward went away meanwhile.
func (r *rig) ask(order string) (string, error) {
	r.mu.Lock()
	network, addr := r.net, r.addr
	r.mu.Unlock()
	conn, err := net.Dial(network, addr)
	if err != nil {
		r.t.Errorf("a connection attempt was refused: %v", err)
		return "", err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(guardTime))
	if _, err := fmt.Fprintln(conn, order); err != nil {
		return "", err
	}
	answer, err := io.ReadAll(conn)
	if err == nil && len(answer) == 0 {
		err = io.EOF
	}
	return strings.TrimSpace(string(answer)), err
}

// must is ask for orders that the ward survives.
func (r *rig) must(order string) string {
	r.t.Helper()
	answer, err := r.ask(order)
	if err != nil {
		r.t.Fatalf("order %q: %v", order, err)
	}
	return answer
}

func itoa(n int) string { return strconv.Itoa(n) }

func (r *rig) signal(s syscall.Signal) {
	r.t.Helper()
	if err := r.cmd.Process.Signal(s); err != nil {
		r.t.Fatal(err)
	}
}

// status waits for the guard's end.
func (r *rig) status() int {
	r.t.Helper()
	select {
	case <-r.ended:
	case <-time.After(guardTime):
		r.t.Fatal("the guard did not end")
	}
	return r.cmd.ProcessState.ExitCode()
}

func listenAny() (*net.TCPListener, error) {
	return net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
}
