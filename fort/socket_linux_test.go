package fort_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestF2_UnixSocketSurvivesAndItsFileGoesWithTheFort(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s")
	// The file of a program that has died is no obstacle.
	old, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	old.SetUnlinkOnClose(false)
	old.Close()

	r := begin(t, "server", netVar+"=unix", addrVar+"="+path)
	r.net = "unix"
	_, pid := r.serving()
	for range 3 {
		r.between(pid, func() {
			conn, err := net.Dial("unix", path)
			if err != nil {
				t.Fatal("refused:", err)
			}
			conn.Close()
		})
		_, pid = r.serving()
	}
	_ = r.must("who")

	// A second fort on the same socket fails with a clear message.
	second := begin(t, "once", netVar+"=unix", addrVar+"="+path)
	if code := second.status(); code != 1 {
		t.Errorf("the second fort ended with %d", code)
	}
	if text := second.stderr(); !strings.Contains(text, path+" is in use by ") {
		t.Errorf("the second fort does not say who has the socket:\n%s", text)
	}
	_ = r.must("who")

	r.signal(syscall.SIGTERM)
	if code := r.status(); code != 0 {
		t.Errorf("status %d", code)
	}
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket's file is still there: %v", err)
	}
}

func TestF2_PacketSocketSurvives(t *testing.T) {
	t.Parallel()
	r := begin(t, "packets")
	_, pid := r.serving()
	conn, err := net.Dial("udp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(guardTime))
	for range 3 {
		r.between(pid, func() {
			if _, err := conn.Write([]byte("ping")); err != nil {
				t.Fatal("refused:", err)
			}
		})
		answer := make([]byte, 16)
		n, err := conn.Read(answer)
		if err != nil || string(answer[:n]) != "pong" {
			t.Fatalf("answer %q, %v", answer[:n], err)
		}
		_, pid = r.serving()
	}
}

func TestF2_WardsShareTheSockets(t *testing.T) {
	t.Parallel()
	r := begin(t, "redundant")
	pids := map[string]bool{}
	for range 3 {
		_, _ = r.serving()
	}
	// Which of them accepts is not promised; each must be able to, alone.
	all := append([]int(nil), r.pids...)
	for _, keep := range all {
		for _, pid := range all {
			if pid != keep {
				suspend(t, pid)
			}
		}
		for range 5 {
			who := r.must("who")
			pids[who] = true
		}
		for _, pid := range all {
			_ = syscall.Kill(pid, syscall.SIGCONT)
		}
	}
	if len(pids) != 3 {
		t.Errorf("%d of 3 wards have served: %v", len(pids), pids)
	}
	// One that dies takes nothing from the others.
	_ = syscall.Kill(all[1], syscall.SIGKILL)
	if incarnation, _ := r.serving(); incarnation != 2 {
		t.Errorf("its successor is incarnation %d", incarnation)
	}
	_ = r.must("who")
	r.signal(syscall.SIGTERM)
	if code := r.status(); code != 0 {
		t.Errorf("status %d", code)
	}
}
