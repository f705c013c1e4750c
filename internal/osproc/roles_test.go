//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package osproc

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The test binary is also the program that the tests start: with this variable set
// it does what the arguments say. So the tests need no tools of the system.
const helperVariable = "OSPROC_TEST_HELPER"

func TestMain(m *testing.M) {
	if os.Getenv(helperVariable) == "" {
		os.Exit(m.Run())
	}
	time.AfterFunc(2*time.Minute, func() { os.Exit(99) }) // whatever the test forgets
	args := os.Args[1:]
	roles[args[0]](args[1:])
}

var roles = map[string]func(args []string){
	"exit":    func(args []string) { n, _ := strconv.Atoi(args[0]); os.Exit(n) },
	"die":     func(args []string) { n, _ := strconv.Atoi(args[0]); die(syscall.Signal(n)) },
	"echo":    func([]string) { _, _ = io.Copy(os.Stdout, os.Stdin) },
	"print":   func(args []string) { fmt.Print(strings.Join(args, " ")) },
	"obey":    func([]string) { wait := onSignal(syscall.SIGTERM); fmt.Println("up"); <-wait; fmt.Println("bye") },
	"defy":    func([]string) { signal.Ignore(syscall.SIGTERM); fmt.Println("up"); forever() },
	"tree":    tree,
	"context": showContext,
	"parent":  parent,
	"files":   func(args []string) { _, _ = io.Copy(os.Stdout, strings.NewReader(contents(args...))) },
	"escape":  escape,
	"notify":  func(args []string) { notify(args...); forever() },
	"hog":     hog,
}

func die(sig syscall.Signal) {
	_ = syscall.Kill(os.Getpid(), sig)
	forever()
}

func onSignal(sig os.Signal) <-chan os.Signal {
	c := make(chan os.Signal, 1)
	signal.Notify(c, sig)
	return c
}

func forever() { <-onSignal(syscall.SIGUSR2) }

// tree starts a child that plays the role of the other arguments and holds our
// output, says its number, and then exits with 7, or stays if the first is "stay".
func tree(args []string) {
	self, _ := os.Executable()
	child := exec.Command(self, args[1:]...)
	child.Stderr = os.Stderr
	out, _ := child.StdoutPipe()
	if err := child.Start(); err != nil {
		panic(err)
	}
	line, _ := bufio.NewReader(out).ReadString('\n') // it is up
	fmt.Println(child.Process.Pid, strings.TrimSpace(line))
	if args[0] == "stay" {
		forever()
	}
	os.Exit(7)
}

func showContext([]string) {
	dir, _ := os.Getwd()
	fmt.Println(dir)
	fmt.Println(os.Getenv("COLOUR"))
	fmt.Println(os.Getuid(), os.Getgid())
	fmt.Println(syscall.Getpgrp() == os.Getpid())
	_, err := io.WriteString(os.NewFile(4, "extra"), "through 4\n")
	fmt.Println(err)
}

func contents(paths ...string) (all string) {
	for _, p := range paths {
		text, err := os.ReadFile(p)
		all += fmt.Sprintf("%s%v\n", text, err)
	}
	return all
}

// escape starts a child that leaves the group, says its number, and exits.
func escape([]string) {
	child := exec.Command(self(), "defy")
	child.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	out, _ := child.StdoutPipe()
	if err := child.Start(); err != nil {
		panic(err)
	}
	_, _ = bufio.NewReader(out).ReadString('\n')
	fmt.Println(child.Process.Pid)
}

func notify(messages ...string) {
	conn, err := net.Dial("unixgram", os.Getenv("NOTIFY_SOCKET"))
	if err != nil {
		panic(err)
	}
	for _, m := range messages {
		fmt.Fprint(conn, m)
	}
}

// hog takes memory until it is stopped.
func hog([]string) {
	var all [][]byte
	for len(all) < 1<<20 {
		all = append(all, bytes.Repeat([]byte{1}, 1<<20))
	}
	fmt.Println(len(all))
}

// parent starts a process and waits to be killed.
func parent([]string) {
	p, err := Start(Spec{Argv: []string{self(), "defy"}})
	if err != nil {
		panic(err)
	}
	fmt.Println(p.PID())
	forever()
}

func self() string {
	path, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return path
}

// helper is a Spec for the test binary in a role.
func helper(args ...string) Spec {
	env := append(os.Environ(), helperVariable+"=1", "GORACE=atexit_sleep_ms=0") // the race detector waits a second at each exit
	return Spec{Argv: append([]string{self()}, args...), Env: env, Stderr: os.Stderr}
}

// begin starts a spec with its output in a LineReader.
func begin(t *testing.T, s Spec) (*Process, *LineReader) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	s.Stdout = w
	p, err := Start(s)
	w.Close()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Kill()
		<-p.Done()
	})
	return p, NewLineReader(r, 0)
}

func next(t *testing.T, l *LineReader) string {
	t.Helper()
	line, err := l.Next()
	if err != nil {
		t.Fatalf("no further line: %v", err)
	}
	return line.Text
}
