package fort_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/bastion-go/bastion/fort"
)

// A frame, as package wire has it.
func frame(kind, fds byte, payload string) []byte {
	head := binary.BigEndian.AppendUint32(nil, uint32(len(payload)))
	return append(append(head, kind, fds), payload...)
}

// send writes all of it, waiting for room, until nobody is there to read.
func send(fd int, data []byte, files ...int) bool {
	for len(data) > 0 {
		n, err := unix.SendmsgN(fd, data, unix.UnixRights(files...), nil, unix.MSG_NOSIGNAL)
		if err == unix.EAGAIN || err == unix.EINTR {
			_, _ = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}, -1)
			continue
		}
		if err != nil {
			return false
		}
		data, files = data[n:], nil
	}
	return true
}

// attacks are what a ward that has lost its mind writes to its guard.
var attacks = map[string]func(fd int){
	"garbage": func(fd int) {
		for {
			send(fd, bytes.Repeat([]byte{0xa5, 0, 1}, 4096))
		}
	},
	"half a frame": func(fd int) {
		send(fd, frame(7, 0, strings.Repeat(" ", 100_000))[:50_000])
		os.Exit(1)
	},
	"descriptors that no frame announces": func(fd int) {
		null, _ := os.Open(os.DevNull)
		four := []int{int(null.Fd()), int(null.Fd()), int(null.Fd()), int(null.Fd())}
		for send(fd, frame(5, 0, "{}"), four...) {
		}
	},
	"descriptors that nobody asked for": func(fd int) {
		null, _ := os.Open(os.DevNull)
		for range 5000 {
			send(fd, frame(9, 1, `{"key":"never claimed","path":"/"}`), int(null.Fd()))
		}
		os.Exit(1)
	},
	"a million sockets": func(fd int) {
		for i := range 100_000 {
			send(fd, frame(7, 0, fmt.Sprintf(`{"id":%d,"key":"tcp :%d%s"}`, i, i, strings.Repeat("x", 900))))
		}
		os.Exit(1)
	},
	"the same socket for ever": func(fd int) {
		for i := range 100_000 {
			send(fd, frame(7, 0, fmt.Sprintf(`{"id":%d,"key":"the same"}`, i)))
		}
		os.Exit(1)
	},
	"a long name": func(fd int) {
		for i := range 200 {
			send(fd, frame(7, 0, fmt.Sprintf(`{"id":1,"key":"%d%s"}`, i, strings.Repeat("x", 1_000_000))))
		}
		os.Exit(1)
	},
	"no ears": func(fd int) {
		_ = unix.Shutdown(fd, unix.SHUT_RD)
		select {}
	},
	"all descriptors closed": func(int) {
		for fd := range 64 {
			unix.Close(fd)
		}
		select {}
	},
}

// attack goes against its guard in its first life, and serves in the next.
func attack(ctx context.Context) error {
	fmt.Println("serving", fort.Incarnation(), os.Getpid(), "nowhere")
	if fort.Incarnation() == 1 {
		attacks[os.Getenv(modeVar)](guardsEnd())
	}
	<-ctx.Done()
	return nil
}

// guardsEnd is the descriptor that leads to the guard.
func guardsEnd() int {
	for fd := 3; fd < 64; fd++ {
		name, err := unix.Getsockname(fd)
		if _, is := name.(*unix.SockaddrUnix); err == nil && is {
			return fd
		}
	}
	panic("no line to the guard")
}

func descriptors(t *testing.T, pid int) (all []string) {
	t.Helper()
	dir := fmt.Sprintf("/proc/%d/fd/", pid)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		to, _ := os.Readlink(dir + e.Name())
		all = append(all, e.Name()+" "+to)
	}
	return all
}

// Whatever a ward says, it costs the ward its life at most, and the guard nothing.
func TestF1_AHostileWardHurtsItselfAlone(t *testing.T) {
	t.Parallel()
	calm := begin(t, "flooding", modeVar+"=half a frame")
	calm.serving()
	calm.serving()
	most := 2 + len(descriptors(t, calm.cmd.Process.Pid))
	for name := range attacks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := begin(t, "flooding", modeVar+"="+name)
			_, first := r.serving()
			incarnation, second := r.serving()
			if incarnation != 2 || first == second {
				t.Errorf("life %d in process %d", incarnation, second)
			}
			all := descriptors(t, r.cmd.Process.Pid)
			for end := time.Now().Add(guardTime); len(all) > most && time.Now().Before(end); <-time.After(time.Millisecond) {
				all = descriptors(t, r.cmd.Process.Pid) // a ward may serve before its start has come to its end
			}
			if len(all) > most {
				t.Errorf("the guard has more than %d descriptors: %q", most, all)
			}
			if kib := field(t, r.cmd.Process.Pid, "VmHWM"); !raceEnabled && kib > 64<<10 {
				t.Errorf("the guard had %d KiB", kib)
			}
			r.signal(unix.SIGTERM)
			if code := r.status(); code != 0 {
				t.Errorf("status %d", code)
			}
		})
	}
}
