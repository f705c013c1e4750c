package fort_test

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bastion-go/bastion/fort"
)

// A unit of Type=notify, with WatchdogSec=.
func TestF3_TheServiceManagerHearsOfTheWholeFort(t *testing.T) {
	t.Parallel()
	name := "@fort-test-" + t.Name() + strconv.FormatInt(time.Now().UnixNano(), 36)
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer manager.Close()
	words := make(chan string, 4096)
	go func() {
		defer close(words)
		for text := make([]byte, 64); ; {
			n, err := manager.Read(text)
			if err != nil {
				return
			}
			words <- string(text[:n])
		}
	}()
	r := begin(t, "redundant", "NOTIFY_SOCKET="+name, "WATCHDOG_USEC=200000")
	told := map[string]int{}
	hear := func(want string) {
		t.Helper()
		for timeout := time.After(guardTime); ; {
			select {
			case word := <-words:
				told[word]++
				if word == want {
					return
				}
			case <-timeout:
				t.Fatalf("waited in vain for %s; it was told %v", want, told)
			}
		}
	}
	hear("READY=1")
	_, pid := r.serving()
	r.serving()
	r.serving()
	_ = syscall.Kill(pid, syscall.SIGKILL)
	r.serving()
	hear("WATCHDOG=1")
	r.signal(syscall.SIGTERM)
	hear("STOPPING=1")
	if code := r.status(); code != 0 {
		t.Errorf("status %d", code)
	}
	manager.Close()
	for word := range words {
		told[word]++
	}
	if told["READY=1"] != 1 || told["STOPPING=1"] != 1 || len(told) != 3 {
		t.Errorf("the manager was told %v", told)
	}
}

// The other way round: a program under Run tells its guard.
func TestF1_RunWaitsForTheProgramsOwnWord(t *testing.T) {
	t.Parallel()
	s := stageRun(t, fort.Config{WaitReady: true, Intensity: fort.NoRestarts}, fort.Command{
		Argv: []string{thisFile(t)}, Env: []string{roleVar + "=notifier", "NOTIFY_SOCKET=@somebody else"},
	})
	s.line("starting")
	if e := <-s.events; e.Kind != fort.Started {
		t.Errorf("first it is %v", e)
	}
	if e := <-s.events; e.Kind != fort.Serving {
		t.Errorf("then it is %v", e)
	}
	s.line("has said that it is ready")
	if c := s.event(fort.Crashed).Crash; c.Kind != fort.Sick {
		t.Errorf("one that says it is in trouble: %v", c)
	}
}

// A dump is the stacks of a program that does not get ready, or is not well.
func TestF1_RunAsksForADump(t *testing.T) {
	t.Parallel()
	config := fort.Config{WaitReady: true, StartTimeout: 5 * time.Second, Intensity: fort.NoRestarts}
	s := stageRun(t, config, fort.Command{Argv: []string{thisFile(t)}, Env: []string{roleVar + "=empty"}, Dump: true})
	c := s.event(fort.Crashed).Crash
	if c.Kind != fort.NotReady || c.Status != 2 || !strings.Contains(c.Output, "SIGQUIT: quit") || !strings.Contains(c.Output, "fort_test.play(") {
		t.Errorf("%v, status %d, with %s", c, c.Status, c.Output)
	}
}

func thisFile(t *testing.T) string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return exe
}

// notifier is a program that speaks sd_notify.
func notifier() {
	say := func(state string) {
		conn, err := net.Dial("unixgram", os.Getenv("NOTIFY_SOCKET"))
		if err == nil {
			_, err = conn.Write([]byte(state))
		}
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	fmt.Println("starting")
	say("READY=1")
	fmt.Println("has said that it is ready")
	say("WATCHDOG=trigger")
	select {}
}
