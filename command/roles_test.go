//go:build unix

package command_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/command"
)

// The test binary is also every command that the tests run: with this variable set it
// plays the role that its arguments name. So no tools of the system are needed.
const roleVariable = "COMMAND_TEST_ROLE"

func TestMain(m *testing.M) {
	if os.Getenv(roleVariable) == "" {
		os.Exit(m.Run())
	}
	time.AfterFunc(2*time.Minute, func() { os.Exit(99) }) // whatever a test forgets
	role, args := roles[os.Args[1]], os.Args[2:]
	role(args)
}

var roles map[string]func(args []string)

func init() {
	roles = map[string]func([]string){
		"exit":   func(args []string) { fmt.Fprintln(os.Stderr, "last words"); os.Exit(atoi(args[0])) },
		"die":    func(args []string) { _ = syscall.Kill(os.Getpid(), syscall.Signal(atoi(args[0]))); forever() },
		"echo":   func([]string) { _, _ = io.Copy(os.Stdout, os.Stdin) },
		"print":  func(args []string) { fmt.Print(strings.Join(args, " ")) },
		"obey":   func([]string) { term := on(syscall.SIGTERM); fmt.Println("up"); <-term; fmt.Println("bye") },
		"defy":   func([]string) { signal.Ignore(syscall.SIGTERM); fmt.Println("up", os.Getpid()); forever() },
		"deaf":   func([]string) { fmt.Println("up"); forever() },
		"hup":    func([]string) { hup := on(syscall.SIGHUP); fmt.Println("up"); <-hup; fmt.Println("hup"); forever() },
		"listen": listen,
		"file":   func(args []string) { _ = os.WriteFile(args[0], nil, 0o600); forever() },
		"notify": func(args []string) { notify(args...); forever() },
		"tree":   tree,
		"flood":  flood,
		"env":    func(args []string) { fmt.Println(os.Getwd()); fmt.Println(os.Environ()) },
		"parent": parent,
		"second": second,
		"hog":    hog,
		"escape": escape,
	}
}

func atoi(s string) int { n, _ := strconv.Atoi(s); return n }

func on(sig os.Signal) <-chan os.Signal {
	c := make(chan os.Signal, 1)
	signal.Notify(c, sig)
	return c
}

func forever() { <-on(syscall.SIGUSR2) }

func listen(args []string) {
	l, err := net.Listen(args[0], args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for {
		if c, err := l.Accept(); err == nil {
			c.Close()
		}
	}
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

// tree starts a child that plays the first role and holds our output; then it plays the rest.
func tree(args []string) {
	child := exec.Command(os.Args[0], args[0])
	child.Stderr = os.Stderr
	out, _ := child.StdoutPipe()
	if err := child.Start(); err != nil {
		panic(err)
	}
	line, _ := bufio.NewReader(out).ReadString('\n')
	fmt.Print("child ", line)
	roles[args[1]](args[2:])
}

func flood(args []string) {
	w := bufio.NewWriter(os.Stdout)
	for i := range atoi(args[0]) {
		fmt.Fprintln(w, i)
	}
	w.Flush()
}

// second fails the first time and stays the second; the file remembers.
func second(args []string) {
	if _, err := os.Stat(args[0]); err != nil {
		_ = os.WriteFile(args[0], nil, 0o600)
		os.Exit(1)
	}
	fmt.Println("again")
	forever()
}

// escape starts a child that leaves our group and holds our output, says its number, and ends well.
func escape([]string) {
	child := exec.Command(os.Args[0], "deaf")
	child.Stdout = os.Stdout
	child.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := child.Start(); err != nil {
		panic(err)
	}
	fmt.Println("escaped", child.Process.Pid)
}

// hog takes memory until it is stopped.
func hog([]string) {
	var all [][]byte
	for len(all) < 1<<20 {
		all = append(all, bytes.Repeat([]byte{1}, 1<<20))
	}
	fmt.Println(len(all))
}

// parent supervises a command and waits to be killed.
func parent([]string) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	sys, err := bastion.New(bastion.Config{})
	if err == nil {
		_, err = sys.Supervise(bastion.SupervisorSpec{Name: "p", Children: []bastion.ChildSpec{{
			Name: "c", Start: command.Run(command.Spec{Argv: []string{os.Args[0], "defy"}, Stdout: command.Output{File: os.Stdout}}),
		}}})
	}
	if err == nil {
		err = sys.Start(context.Background())
	}
	if err != nil {
		panic(err)
	}
	forever()
}

// play is a Spec for the test binary in a role.
func play(args ...string) command.Spec {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return command.Spec{
		Argv:   append([]string{self}, args...),
		Env:    []string{roleVariable + "=1", "GORACE=atexit_sleep_ms=0"}, // the race detector waits a second at each exit
		Logger: slog.New(slog.DiscardHandler),
	}
}
