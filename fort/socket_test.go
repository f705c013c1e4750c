//go:build unix

package fort_test

import (
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

func TestF2_NoConnectionAttemptIsRefusedAcrossCrashes(t *testing.T) {
	t.Parallel()
	r := begin(t, "server")
	_, pid := r.serving()
	var stop atomic.Bool
	var dialing sync.WaitGroup
	var served atomic.Int64
	for range 4 {
		dialing.Go(func() {
			for !stop.Load() {
				if _, err := r.ask("who"); err == nil { // a refusal is the rig's error
					served.Add(1)
				}
			}
		})
	}
	for i := range 30 {
		if i%2 == 0 {
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
				t.Error(err)
			}
		} else {
			_, _ = r.ask("panic")
		}
		was := pid
		var incarnation int
		if incarnation, pid = r.serving(); incarnation != i+2 || pid == was {
			t.Errorf("after crash %d: incarnation %d, process %d, before %d", i+1, incarnation, pid, was)
		}
		for before := served.Load(); served.Load() == before && !t.Failed(); {
			_ = r.must("who")
			served.Add(1)
		}
	}
	stop.Store(true)
	dialing.Wait()
}

func TestF2_AddressInUseNamesItsOwner(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	r := begin(t, "once", netVar+"=tcp", addrVar+"="+l.Addr().String())
	if code := r.status(); code != 1 {
		t.Errorf("status %d", code)
	}
	if text := r.stderr(); !strings.Contains(text, l.Addr().String()+" is in use by ") {
		t.Errorf("it does not say by whom:\n%s", text)
	}
}
