package command_test

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/command"
)

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

func TestF4_KilledProgramLeavesNoCommand(t *testing.T) {
	s := play("parent")
	program := exec.Command(s.Argv[0], s.Argv[1:]...)
	program.Env = append(os.Environ(), s.Env...)
	program.Stderr = os.Stderr
	out, err := program.StdoutPipe()
	if err == nil {
		err = program.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = program.Process.Kill()
		_ = program.Wait()
	}()
	line, err := bufio.NewReader(out).ReadString('\n') // of the command itself: it defies SIGTERM
	pid, e := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(line, "up ")))
	if err != nil || e != nil {
		t.Fatal(line, err, e)
	}
	if err := program.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	awaitGone(t, pid)
}

func TestF4_SilenceIsAFailure(t *testing.T) {
	for _, c := range []struct {
		args []string
		tune func(*command.Spec)
	}{
		{[]string{"notify", "READY=1", "WATCHDOG=1"}, func(s *command.Spec) { s.Ready.Notify = true }},
		{[]string{"notify", "WATCHDOG=1"}, func(*command.Spec) {}},
		{[]string{"notify", "WATCHDOG=trigger"}, func(s *command.Spec) { s.Watchdog = time.Hour }},
	} {
		spec := play(c.args...)
		spec.Watchdog = 200 * time.Millisecond
		c.tune(&spec)
		err := rigOn(t, spec, temporary).end()
		var exit *command.ExitError
		if !errors.As(err, &exit) || !errors.Is(err, command.ErrWatchdog) {
			t.Errorf("%v: %v", c.args, err)
			continue
		}
		// A Go program answers SIGABRT with its stacks, once its runtime is up.
		if spec.Ready.Notify && !strings.Contains(strings.Join(exit.Stderr, "\n"), "goroutine") {
			t.Errorf("%v: it says only %q", c.args, exit.Stderr)
		}
	}
}

func TestF4_ThousandRunsLeaveNothing(t *testing.T) {
	count := func() (files, goroutines int) {
		f, _ := os.ReadDir("/proc/self/fd")
		return len(f), runtime.NumGoroutine()
	}
	program := "/bin/true" // our own binary takes too long a thousand times
	if _, err := os.Stat(program); err != nil {
		program = ""
	}
	files, goroutines := count()
	spec := play("exit", "0")
	if program != "" {
		spec.Argv = []string{program}
	}
	spec.Stdin = true
	const n = 1000
	runs, done := 0, make(chan struct{})
	again := func(*bastion.Context, bastion.Failure) error {
		if runs++; runs == n {
			close(done)
		}
		return nil
	}
	r := rigOn(t, spec, bastion.ChildSpec{Callbacks: bastion.Callbacks{BeforeRestart: again}})
	recv(t, "the last run", done)
	r.stop()
	for end := time.Now().Add(patience); ; runtime.Gosched() {
		f, g := count()
		if f <= files+4 && g <= goroutines { // a netpoller's descriptors are made once
			break
		}
		if time.Now().After(end) {
			t.Fatalf("files %d to %d, goroutines %d to %d", files, f, goroutines, g)
		}
	}
	if err := unix.Waitid(unix.P_ALL, 0, nil, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil); !errors.Is(err, unix.ECHILD) {
		left, _ := filepath.Glob("/proc/self/task/*/children")
		for _, f := range left {
			pids, _ := os.ReadFile(f)
			for _, pid := range strings.Fields(string(pids)) {
				stat, _ := os.ReadFile("/proc/" + pid + "/stat")
				t.Errorf("a child is left (%v): %s", err, stat)
			}
		}
	}
}

func TestF4_OverItsMemoryIsAFailureThatSaysSo(t *testing.T) {
	spec := play("hog")
	spec.Memory, spec.Cgroup = 64<<20, os.Getenv("BASTION_TEST_CGROUP")
	r := rigUp(t, spec, bastion.ChildSpec{Restart: bastion.Temporary, WaitReady: true})
	var no *command.StartError
	if err := r.start(); errors.As(err, &no) && no.Field == "Memory" {
		t.Skipf("not permitted here: %v", err)
	}
	var exit *command.ExitError
	if err := r.end(); !errors.As(err, &exit) || !exit.OutOfMemory || exit.Signal != unix.SIGKILL {
		t.Errorf("%v", err)
	}
}
