//go:build unix

package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// The test binary is bastion itself, and the program that it runs, too.
const role = "BASTION_RUN_TEST"

func TestMain(m *testing.M) {
	switch os.Getenv(role) {
	case "":
		os.Exit(m.Run())
	case "bastion":
		os.Setenv(role, "program")
		os.Exit(execute(os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(program(os.Args[1:]))
}

// program is what is run. Its first argument says what it does.
func program(args []string) int {
	switch args[0] {
	case "exit":
		fmt.Println("to standard output")
		fmt.Fprintln(os.Stderr, "to standard error")
		status, _ := strconv.Atoi(args[1])
		return status
	case "die":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	case "serve": // one connection, and then it fails
		l, err := net.FileListener(os.NewFile(3, os.Getenv("LISTEN_FDNAMES")))
		if err != nil || os.Getenv("LISTEN_PID") != strconv.Itoa(os.Getpid()) {
			return 9
		}
		c, err := l.Accept()
		if err != nil {
			return 9
		}
		fmt.Fprintln(c, os.Getpid())
		c.Close()
		return 1
	case "talk": // for ever; as bastion run stops it, or with the pipe
		for {
			fmt.Println("talk")
		}
	case "stuff": // what takes no more; then there is the file of the second argument
		var written atomic.Int64
		go func() {
			for {
				fmt.Println("talk")
				written.Add(1)
			}
		}()
		for before := int64(-1); before != written.Load(); <-time.After(200 * time.Millisecond) {
			before = written.Load()
		}
		_ = os.WriteFile(args[1], nil, 0o600)
		select {}
	case "stay": // until SIGINT; with a second argument, for longer than that
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, os.Interrupt)
		fmt.Println("ready")
		<-signals
		fmt.Println("told")
		if len(args) > 1 {
			select {}
		}
		return 7
	}
	return 9
}

// A bastionRun is a `bastion run` of this test.
type bastionRun struct {
	t      *testing.T
	cmd    *exec.Cmd
	pipe   io.Closer // of its standard output
	out    *bufio.Reader
	stderr *strings.Builder
}

// runs starts `bastion run FLAGS -- (this program) DEED`.
func runs(t *testing.T, flags, deed string) *bastionRun {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	args := append([]string{"run", "--name", "p"}, strings.Fields(flags)...)
	cmd := exec.CommandContext(t.Context(), self, append(append(args, "--", self), strings.Fields(deed)...)...)
	cmd.Env = append(os.Environ(), role+"=bastion")
	r := &bastionRun{t: t, cmd: cmd, stderr: new(strings.Builder)}
	cmd.Stderr = r.stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	r.pipe, r.out = out, bufio.NewReader(out)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return r
}

// line waits for a line of standard output.
func (r *bastionRun) line(want string) {
	r.t.Helper()
	got, err := r.out.ReadString('\n')
	if err != nil || got != want+"\n" {
		r.t.Fatalf("%q, %v, want %q; standard error:\n%s", got, err, want, r.stderr)
	}
}

func (r *bastionRun) send(s os.Signal) {
	r.t.Helper()
	if err := r.cmd.Process.Signal(s); err != nil {
		r.t.Fatal(err)
	}
}

// ends waits for the end and returns the rest of standard output.
func (r *bastionRun) ends(status int) string {
	r.t.Helper()
	rest, _ := io.ReadAll(r.out)
	_ = r.cmd.Wait()
	if got := r.cmd.ProcessState.ExitCode(); got != status {
		r.t.Errorf("status %d, want %d; standard error:\n%s", got, status, r.stderr)
	}
	return string(rest)
}

func (r *bastionRun) said(what ...string) {
	r.t.Helper()
	for _, w := range what {
		if !strings.Contains(r.stderr.String(), w) {
			r.t.Errorf("not said: %q, but:\n%s", w, r.stderr)
		}
	}
}

func TestRunPassesTheStatusOn(t *testing.T) {
	r := runs(t, "", "exit 0")
	if out := r.ends(0); out != "p | to standard output\n" {
		t.Errorf("%q", out)
	}
	r.said("p | to standard error\n", "bastion run: p: started, pid ", "bastion run: p: has ended\n")

	r = runs(t, "--max-restarts 0 --no-prefix -q", "exit 3")
	if out := r.ends(3); out != "to standard output\n" {
		t.Errorf("%q", out)
	}
	if text := r.stderr.String(); strings.Contains(text, "started") || !strings.HasPrefix(text, "to standard error\n") {
		t.Errorf("%q", text)
	}
	r = runs(t, "--max-restarts 0", "die")
	r.ends(128 + 9)
	r.said("p: ended by SIGKILL", "gave up on p after 0 restarts within 1m0s (--max-restarts, --within): ended by SIGKILL\n")
}

func TestRunStartsAgain(t *testing.T) {
	dir := t.TempDir()
	r := runs(t, "--max-restarts 2 --backoff 1ms --crash-dir "+dir, "exit 4")
	if out := r.ends(4); strings.Count(out, "to standard output\n") != 3 {
		t.Errorf("%q", out)
	}
	r.said("exit status 4", "; starts again\n", ", life 3\n", "that was one too many\n", "the report is in "+dir)
	if files, err := os.ReadDir(dir); len(files) != 3 || err != nil {
		t.Errorf("%v, %v", files, err)
	}
}

// Each connection is answered by another life of the program, and none is refused.
func TestRunKeepsTheSocket(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	free.Close()
	r := runs(t, "--max-restarts -1 --backoff 1ms --listen web="+address, "serve")
	for { // the only wait: for the socket to be there at all
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			break
		}
		<-time.After(time.Millisecond)
	}
	pids := map[string]bool{}
	for range 5 {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		pid, err := io.ReadAll(c)
		if err != nil {
			t.Fatal(err)
		}
		pids[string(pid)] = true
	}
	if len(pids) != 5 {
		t.Errorf("answered by %v", pids)
	}
	r.send(syscall.SIGTERM)
	rest, _ := io.ReadAll(r.out)
	_ = r.cmd.Wait()
	if c, err := net.Dial("tcp", address); err == nil {
		c.Close()
		t.Errorf("the socket outlives bastion run; it said %q", rest)
	}
}

func TestRunPassesCtrlCOn(t *testing.T) {
	r := runs(t, "", "stay")
	r.line("p | ready")
	r.send(os.Interrupt)
	r.line("p | told")
	r.ends(7)
	r.said("p: is told to stop\n")

	r = runs(t, "", "stay on")
	r.line("p | ready")
	r.send(os.Interrupt)
	r.line("p | told")
	over := make(chan struct{})
	defer close(over)
	go func() {
		insist := time.NewTicker(50 * time.Millisecond) // the first of them are echoes
		defer insist.Stop()
		for {
			select {
			case <-insist.C:
				_ = r.cmd.Process.Signal(os.Interrupt)
			case <-over:
				return
			}
		}
	}()
	r.ends(128 + 9)
}

// As "bastion run … | head -1" has it.
func TestRunStopsWhatNobodyListensTo(t *testing.T) {
	r := runs(t, "", "talk")
	r.line("p | talk")
	r.pipe.Close()
	r.ends(128 + 13)
	r.said("nobody reads the program's output any more")
}

// As "bastion run … | less" has it: nobody takes anything out of the pipe.
func TestRunStopsInFrontOfAFullPipe(t *testing.T) {
	left, full, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer left.Close()
	defer full.Close()
	_ = full.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
	for err == nil {
		_, err = full.Write(make([]byte, 1))
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	stuffed := filepath.Join(t.TempDir(), "stuffed")
	cmd := exec.CommandContext(t.Context(), self, "run", "--name", "p", "--", self, "stuff", stuffed)
	cmd.Env = append(os.Environ(), role+"=bastion")
	cmd.Stdout = full
	var said strings.Builder
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(stuffed); err == nil {
			break
		}
		<-time.After(time.Millisecond)
	}
	_ = cmd.Process.Signal(syscall.SIGTERM)
	timer := time.AfterFunc(time.Minute, func() {
		t.Error("it did not end")
		_ = cmd.Process.Kill()
	})
	defer timer.Stop()
	_ = cmd.Wait()
	if !strings.Contains(said.String(), "serves") {
		t.Errorf("it said %q", said.String())
	}
}

func TestRunFindsTheSick(t *testing.T) {
	r := runs(t, "--max-restarts 0 --health 127.0.0.1:1 --health-every 10ms", "stay")
	r.ends(128 + 15) // it minds SIGINT alone
	r.said("p: its health check failed: dial tcp 127.0.0.1:1: ")
}

func TestRunWithoutAProgram(t *testing.T) {
	for line, want := range map[string]struct {
		status int
		said   string
	}{
		"run -- /no/such/program":              {127, "there is no program /no/such/program"},
		"run -- no-such-program":               {127, "there is no program no-such-program"},
		"run -- /etc/passwd":                   {126, "/etc/passwd cannot be run"},
		"run -- /":                             {126, "/ cannot be run"},
		"run -l w=tcp:127.0.0.1:99999 -- true": {1, "--listen w=tcp:127.0.0.1:99999: listen tcp: address 99999: invalid port"},
	} {
		status, stdout, stderr := call(strings.Fields(line)...)
		if status != want.status || !strings.Contains(stderr, want.said) || stdout != "" {
			t.Errorf("%s: status %d, %q", line, status, stderr)
		}
	}
}

func TestRunUsage(t *testing.T) {
	for line, want := range map[string]string{
		"run":                                      "name a program",
		"run --frob -- true":                       "--frob",
		"run --max-restarts -2 -- true":            "--max-restarts: -2",
		"run --within 0 -- true":                   "--within: 0s",
		"run --backoff -1s -- true":                "--backoff: -1s",
		"run --redundancy 0 -- true":               "--redundancy: 0",
		"run --redundancy 5000 -- true":            "--redundancy: ",
		"run --kill --shutdown 1s -- true":         "--kill: contradicts --shutdown",
		"run --listen 8080 -- true":                "--listen: \"8080\" has no port",
		"run --listen =:1 -- true":                 "the name before the = is empty",
		"run -l a=:1 -l a=:2 -- true":              "--listen",
		"run --health ftp://x -- true":             "--health: ",
		"run --health http:// -- true":             "has no host",
		"run --health udp:x:1 -- true":             "--health: ",
		"run --health :1 --redundancy 2 x":         "--health: cannot tell",
		"run --health-every 1s -- true":            "--health-every: says nothing without --health",
		"run --memory lots -- true":                "--memory",
		"run --memory -5 -- true":                  "--memory",
		"run --memory 1G --memory-soft 2G":         "name a program",
		"run --memory 1G --memory-soft 2G -- true": "--memory-soft: 2147483648 is not below --memory",
		"run --keep-crashes 5 -- true":             "--keep-crashes: keeps nothing without --crash-dir",
		"run --upgrade INT -- true":                "--upgrade: \"INT\"",
		"run --dir /no/such/folder -- true":        "--dir: ",
		"run --dir /etc/passwd -- true":            "--dir: /etc/passwd is no folder",
		"run --name a\x00b -- true":                "--name: ",
		"run --env X -- true":                      "--env: \"X\" is not NAME=VALUE",
		"run --color blue -- true":                 "--color: \"blue\"",
	} {
		status, stdout, stderr := call(strings.Fields(line)...)
		if status != exitUsage || !strings.Contains(stderr, want) || stdout != "" {
			t.Errorf("%s: status %d, said %q (and %q), want %q", line, status, stderr, stdout, want)
		}
	}
}
