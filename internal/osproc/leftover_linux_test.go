package osproc

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// patience is a guard against hanging, not a time that anything is expected to take.
const patience = time.Minute

// awaitGone waits until a process that is not our child has ended.
func awaitGone(t *testing.T, pid int) {
	t.Helper()
	fd, err := unix.PidfdOpen(pid, 0)
	if errors.Is(err, unix.ESRCH) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	for {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, int(patience.Milliseconds()))
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if n == 0 || err != nil {
			t.Fatalf("process %d is still there (%v)", pid, err)
		}
		return
	}
}

func TestF4_KilledParentLeavesNoLeader(t *testing.T) {
	p, out := begin(t, helper("parent"))
	pid, err := strconv.Atoi(next(t, out))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(p.PID(), syscall.SIGKILL); err != nil { // the parent alone; its child leads another group
		t.Fatal(err)
	}
	p.Exit()
	awaitGone(t, pid)
}

// The parent death signal comes when the thread that forked ends, so this must not be the caller's.
func TestF4_LeaderOutlivesTheCallersThread(t *testing.T) {
	type started struct {
		p       *Process
		in, out *os.File
	}
	c := make(chan started)
	tid := make(chan int, 1)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with this goroutine
		tid <- unix.Gettid()
		s := helper("echo")
		inR, inW, _ := os.Pipe()
		outR, outW, _ := os.Pipe()
		s.Stdin, s.Stdout = inR, outW
		p, err := Start(s)
		if err != nil {
			t.Error(err)
		}
		inR.Close()
		outW.Close()
		c <- started{p, inW, outR}
	}()
	s := <-c
	if s.p == nil {
		return
	}
	defer s.out.Close()
	thread := fmt.Sprintf("/proc/self/task/%d", <-tid)
	for end := time.Now().Add(patience); ; runtime.Gosched() {
		if _, err := os.Stat(thread); err != nil || thread == fmt.Sprintf("/proc/self/task/%d", os.Getpid()) {
			break // the main thread is parked instead of ended
		}
		if time.Now().After(end) {
			t.Fatal("the thread stays")
		}
	}
	fmt.Fprintln(s.in, "still here")
	if got := next(t, NewLineReader(s.out, 0)); got != "still here" {
		t.Error(got)
	}
	s.in.Close()
	if e := s.p.Exit(); !e.Success() {
		t.Error(e)
	}
}

func TestPlaceIsTheChildsAlone(t *testing.T) {
	var may unix.CPUSet
	if err := unix.SchedGetaffinity(0, &may); err != nil {
		t.Fatal(err)
	}
	cpu := 0
	for !may.IsSet(cpu) {
		cpu++
	}
	s := helper("files", "/proc/self/status")
	s.CPUs = []int{cpu}
	_, out := begin(t, s)
	for line := ""; !strings.HasPrefix(line, "Cpus_allowed_list:"); {
		if line = next(t, out); strings.HasPrefix(line, "Cpus_allowed_list:") && strings.Fields(line)[1] != strconv.Itoa(cpu) {
			t.Error(line)
		}
	}
	tasks, err := filepath.Glob("/proc/self/task/*")
	if err != nil {
		t.Fatal(err)
	}
	narrow := 0
	for _, task := range tasks {
		tid, _ := strconv.Atoi(filepath.Base(task))
		var set unix.CPUSet
		if unix.SchedGetaffinity(tid, &set) == nil && set.Count() < may.Count() {
			narrow++
		}
	}
	if narrow > 0 {
		t.Errorf("%d of our threads are restricted", narrow)
	}
	s = helper("exit", "0")
	s.CPUs = []int{1 << 20}
	var fault *FieldError
	if _, err := Start(s); !errors.As(err, &fault) || fault.Field != "CPUs" {
		t.Error(err)
	}
}

func TestPlaceOnANode(t *testing.T) {
	if _, err := os.Stat("/proc/self/numa_maps"); err != nil {
		t.Skip("this kernel has no NUMA")
	}
	s := helper("files", "/proc/self/numa_maps")
	s.Nodes = []int{0}
	_, out := begin(t, s)
	if got := next(t, out); !strings.Contains(got, "prefer") || !strings.Contains(got, ":0") {
		t.Errorf("memory policy of the child: %s", got)
	}
	tasks, err := filepath.Glob("/proc/self/task/*/numa_maps")
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range tasks {
		if maps, err := os.ReadFile(task); err == nil && strings.Contains(string(maps), "prefer") {
			t.Errorf("%s says that our own thread has it", task)
		}
	}
}

func TestStartAsAnotherUser(t *testing.T) {
	s := helper("files", "/proc/self/status")
	s.Credential = &Credential{UID: 65534, GID: 65533, Groups: []uint32{65532}}
	if os.Getuid() != 0 {
		var fault *FieldError
		if _, err := Start(s); !errors.As(err, &fault) || fault.Field != "Credential" {
			t.Errorf("as %d: %v", os.Getuid(), err)
		}
		return
	}
	// The user must be able to reach the program.
	dir, err := os.MkdirTemp("", "osproc")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	copied := filepath.Join(dir, "helper")
	binary, err := os.ReadFile(self())
	if err == nil {
		err = errors.Join(os.Chmod(dir, 0o755), os.WriteFile(copied, binary, 0o755))
	}
	if err != nil {
		t.Fatal(err)
	}
	s.Path = copied
	_, out := begin(t, s)
	want := map[string]string{"Uid:": "65534 65534 65534 65534", "Gid:": "65533 65533 65533 65533", "Groups:": "65532"}
	for len(want) > 0 {
		f := strings.Fields(next(t, out))
		if w, ok := want[f[0]]; ok {
			if got := strings.Join(f[1:], " "); got != w {
				t.Errorf("%s %s, want %s", f[0], got, w)
			}
			delete(want, f[0])
		}
	}
}

func TestF4_NotifyOnlyFromTheGroup(t *testing.T) {
	n, err := NewNotifier()
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	s := helper("notify", "READY=1", "MAINPID=x", strings.Repeat("x", 5000), "STATUS=done")
	s.Env = append(s.Env, n.Env())
	// We are not of the group, and our message is there before any of its own.
	conn, err := net.Dial("unixgram", strings.TrimPrefix(n.Env(), "NOTIFY_SOCKET="))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "READY=1\nSTATUS=forged")
	p, _ := begin(t, s)
	for _, want := range []string{"is not of group", "{Ready:true", "MAINPID", "more than 4096", "Status:done"} {
		got, err := n.Next(p)
		text := fmt.Sprintf("%+v", got)
		var refused *RefusedNotice
		if errors.As(err, &refused) {
			text = err.Error()
		}
		if !strings.Contains(text, want) {
			t.Errorf("%s %v, want %s", text, err, want)
		}
	}
	n.Close()
	if _, err := n.Next(p); !errors.Is(err, net.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

// What came with a message must not stay open: a child could use up our descriptors.
func TestF4_NotifyClosesWhatItIsSent(t *testing.T) {
	n, err := NewNotifier()
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	to := &net.UnixAddr{Net: "unixgram", Name: strings.TrimPrefix(n.Env(), "NOTIFY_SOCKET=")}
	if _, _, err := conn.WriteMsgUnix([]byte("BARRIER=1"), unix.UnixRights(int(w.Fd())), to); err != nil {
		t.Fatal(err)
	}
	w.Close()
	_, _ = n.Next(&Process{pid: os.Getpid()})
	_ = r.SetReadDeadline(time.Now().Add(patience))
	if _, err := r.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the other end is still open: %v", err)
	}
}

func TestF4_QuickStartsLeaveNothing(t *testing.T) {
	count := func() (files, threads, goroutines int) {
		f, _ := os.ReadDir("/proc/self/fd")
		th, _ := os.ReadDir("/proc/self/task")
		return len(f), len(th), runtime.NumGoroutine()
	}
	p, _ := begin(t, helper("exit", "0")) // whatever is made once
	p.Exit()
	files, threads, goroutines := count()
	for i := range 300 {
		s := helper("exit", "0")
		p, err := Start(s)
		if err != nil {
			t.Fatal(err)
		}
		switch i % 3 {
		case 0:
			p.Kill()
		case 1:
			p.Stop(patience)
		}
		p.Exit()
	}
	for end := time.Now().Add(patience); ; runtime.Gosched() {
		f, th, g := count()
		if f <= files && th <= threads+64 && g <= goroutines {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("files %d to %d, threads %d to %d, goroutines %d to %d", files, f, threads, th, goroutines, g)
		}
	}
	if err := unix.Waitid(unix.P_ALL, 0, nil, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil); !errors.Is(err, unix.ECHILD) {
		t.Errorf("there are children left: %v", err)
	}
}
