//go:build unix

package fort_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/bastion-go/bastion/fort"
)

// play runs this process as a role. It does not return.
func play(role string) {
	config := fort.Config{CrashDir: os.Getenv(crashVar), Intensity: fort.Unlimited, Backoff: fort.Constant{}}
	run := serve
	switch role {
	case "server":
	case "redundant":
		config.Redundancy = 3
	case "watched":
		config.Heartbeat = 2 * time.Second
		config.Alive = alive
	case "patient":
		config.Heartbeat = 3 * time.Second
		config.Alive = alive
	case "once":
		config.Intensity = fort.NoRestarts
		config.Backoff = nil
	case "activated":
		activated()
	case "flooding":
		config.Heartbeat = 3 * time.Second
		run = attack
	case "notifier":
		notifier()
	case "runs":
		runs()
	case "empty":
		waiting := make(chan os.Signal, 1)
		signal.Notify(waiting, syscall.SIGTERM) // or Go would say that there is nothing to wait for
		fmt.Println("waiting")
		<-waiting
		os.Exit(0)
	case "orphans":
		run = func(ctx context.Context) error {
			if err := orphans(); err != nil {
				return err
			}
			<-ctx.Done()
			return nil
		}
	case "given":
	case "goexit":
		config.Intensity = fort.NoRestarts
		config.Backoff = nil
		run = func(context.Context) error { runtime.Goexit(); return nil }
	case "contradictory":
		config = fort.Config{
			SoftMemory: 2, HardMemory: 1, Alive: alive, Heartbeat: fort.Off, Redundancy: -1,
			Backoff: fort.Constant{Jitter: 2}, UpgradeSignal: syscall.SIGTERM,
		}
	case "tidy":
		config.KeepCrashes = 3
	case "greedy":
		config.HardMemory = 512 << 20
	case "packets":
		run = echo
	case "brief":
		config.Intensity = fort.Intensity{Max: 3, Within: time.Hour}
		run = func(context.Context) error {
			fmt.Println("brief", fort.Incarnation())
			os.Exit(7)
			return nil
		}
	case "memory":
		config.SoftMemory = 256 << 20
		config.Heartbeat = fort.Off
	case "stubborn":
		config.Shutdown = 200 * time.Millisecond
		run = stubborn
	case "deaf":
		run = stubborn
	case "upgrade", "impatient":
		config.WaitReady = true
		if role == "impatient" {
			config.StartTimeout = 10 * time.Second
		}
		config.UpgradeSignal = syscall.SIGUSR2
	default:
		panic("unknown role " + role)
	}
	fort.Main(config, run)
}

var serverLock sync.Mutex // what a deadlocked server cannot get

func alive(context.Context) error {
	serverLock.Lock()
	defer serverLock.Unlock()
	return nil
}

func stubborn(ctx context.Context) error {
	fmt.Println("serving", fort.Incarnation(), os.Getpid(), "nowhere")
	<-ctx.Done()
	fmt.Println("stopping", context.Cause(ctx))
	select {}
}

// serve is the guarded program of most tests: a server that does what it is told.
func serve(ctx context.Context) error {
	network, address := os.Getenv(netVar), os.Getenv(addrVar)
	if network == "" {
		network, address = "tcp", "127.0.0.1:0"
	}
	l, err := fort.Listen(network, address)
	if err != nil {
		return err
	}
	end := make(chan error)
	context.AfterFunc(ctx, func() { l.Close() })
	mode, _ := os.ReadFile(os.Getenv(modeVar)) // before the test hears of this ward, and changes it
	fmt.Println("serving", fort.Incarnation(), os.Getpid(), l.Addr())
	if string(mode) != "unready" {
		fort.Ready()
	}
	accepted := make(chan struct{})
	var serving sync.WaitGroup
	go func() {
		defer close(accepted)
		accept(l, end, &serving)
	}()
	select {
	case <-ctx.Done():
		fmt.Println("stopping", fort.Incarnation(), context.Cause(ctx))
		<-accepted // what was accepted is served
		serving.Wait()
		return ctx.Err()
	case err := <-end:
		return err
	}
}

// echo answers datagrams.
func echo(context.Context) error {
	c, err := fort.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println("serving", fort.Incarnation(), os.Getpid(), c.LocalAddr())
	buf := make([]byte, 16)
	for {
		_, from, err := c.ReadFrom(buf)
		if err != nil {
			return err
		}
		if _, err := c.WriteTo([]byte("pong"), from); err != nil {
			return err
		}
	}
}

func accept(l net.Listener, end chan error, serving *sync.WaitGroup) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		serving.Go(func() {
			defer conn.Close()
			if in := bufio.NewScanner(conn); in.Scan() {
				if err := obey(conn, in.Text(), end); err != nil {
					fmt.Fprintln(conn, "error:", err)
				}
			}
		})
	}
}

var (
	sink    [][]byte
	counter = map[int]int{}
)

// obey does what a test orders.
func obey(conn net.Conn, order string, end chan error) error {
	verb, rest, _ := strings.Cut(order, " ")
	switch verb {
	case "who":
		fmt.Fprintln(conn, fort.Incarnation(), os.Getpid())
	case "last":
		c, ok := fort.LastCrash()
		if !ok {
			fmt.Fprintln(conn, "none")
			return nil
		}
		return json.NewEncoder(conn).Encode(c)
	case "upgrade":
		err := fort.Upgrade(context.Background())
		fmt.Fprintln(conn, "upgraded:", err)
	case "child":
		c := exec.Command("sleep", "3600")
		err := c.Start()
		fmt.Fprintln(conn, c.Process.Pid)
		return err
	case "daemon":
		out, err := exec.Command("sh", "-c", "setsid sh -c 'echo $$; exec sleep 3600 >/dev/null 2>&1' &").Output()
		fmt.Fprintf(conn, "%s", out)
		return err
	case "files":
		for {
			if _, err := syscall.Dup(2); err != nil {
				end <- err
				return err
			}
		}
	case "closefds":
		for fd := 3; fd < 64; fd++ { // the line to the guard, and the pipe for crash output
			var stat syscall.Stat_t
			if isUnix(fd) || syscall.Fstat(fd, &stat) == nil && stat.Mode&syscall.S_IFMT == syscall.S_IFIFO {
				_ = syscall.Close(fd)
			}
		}
		fmt.Fprintln(conn, "closed")
	case "finish":
		end <- nil
	case "fail":
		end <- errors.New(rest)
	case "exit":
		code, _ := strconv.Atoi(rest)
		os.Exit(code)
	default:
		return die(verb)
	}
	return nil
}

// die does what kills or stops a Go program.
func die(how string) error {
	switch how {
	case "panic":
		done := make(chan bool)
		go func() { panic("a forgotten goroutine") }()
		<-done
	case "map":
		for range 8 {
			go func() {
				for {
					counter[0]++
				}
			}()
		}
		select {}
	case "stack":
		debug.SetMaxStack(16 << 20) // the whole gigabyte takes seconds
		return fmt.Errorf("%d", recurse(1))
	case "oom":
		limit := syscall.Rlimit{Cur: 1 << 30, Max: 1 << 30}
		if err := syscall.Setrlimit(syscall.RLIMIT_AS, &limit); err != nil {
			return err
		}
		grow(1 << 40)
	case "grow":
		grow(384 << 20)
	case "burst":
		grow(640 << 20)
		select {}
	case "nil":
		var p *int
		*p = 1
	case "deadlock":
		serverLock.Lock()
		serverLock.Lock()
	case "stall":
		stall()
	case "syscall":
		stuck()
	default:
		return errors.New("unknown order " + how)
	}
	return nil
}

func isUnix(fd int) bool {
	address, err := syscall.Getsockname(fd)
	_, is := address.(*syscall.SockaddrUnix)
	return err == nil && is
}

func recurse(n int) int {
	if n < 0 {
		return 0 // never
	}
	return recurse(n+1) + 1
}

// grow allocates and touches so many bytes.
func grow(bytes int64) {
	for ; bytes > 0; bytes -= 16 << 20 {
		b := make([]byte, 16<<20)
		for i := 0; i < len(b); i += 4096 {
			b[i] = 1
		}
		sink = append(sink, b)
	}
}

// stall stops the world for ever: a loop without a call cannot be preempted where
// GODEBUG=asyncpreemptoff=1, and the collector waits for it.
func stall() {
	go func() {
		for i := uint64(1); i != 0; i++ { // for some centuries
		}
	}()
	runtime.GC()
}

// stuck blocks every processor of the Go runtime in a system call that it does not
// know of.
func stuck() {
	for range runtime.GOMAXPROCS(0) + 1 {
		go func() {
			var fds [2]int
			_ = syscall.Pipe(fds[:])
			var b [1]byte
			rawRead(fds[0], b[:])
		}()
	}
}

// orphans makes grandchildren whose parent dies, which the guard has to wait for.
func orphans() error {
	out, err := exec.Command("sh", "-c", `for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do sh -c 'setsid sh -c "echo \$\$; exec sleep 3600 >/dev/null 2>&1" &'; done; wait`).Output()
	if err != nil && len(out) == 0 {
		return err
	}
	gone := 0
	for pid := range bytes.FieldsSeq(out) {
		n, err := strconv.Atoi(string(pid))
		if err != nil {
			return err
		}
		if err := syscall.Kill(n, syscall.SIGKILL); err != nil {
			return err
		}
		for syscall.Kill(n, 0) == nil { // a zombie is still there
			runtime.Gosched()
		}
		gone++
	}
	fmt.Println("reaped", gone, "orphans")
	return nil
}
