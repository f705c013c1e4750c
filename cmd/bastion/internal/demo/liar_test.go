package demo

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/bastion-go/bastion/examples/kv/kvstore"
)

// A liar is a store of one shard that keeps the protocol, and breaks its promise where twist says so.
type liar struct {
	mu    sync.Mutex
	life  uint64
	held  map[string]content
	count int
	// twist may change the command before it is carried out, and the answer afterwards.
	twist func(l *liar, c kvstore.Command) (carryOut kvstore.Command, answer func(honest string) string)
}

func (l *liar) reply(line string) string {
	c, err := kvstore.Parse(line)
	if err != nil {
		return "ERR " + err.Error()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count++
	changed, answer := c, func(honest string) string { return honest }
	if l.twist != nil {
		changed, answer = l.twist(l, c)
	}
	switch c.Verb {
	case "QUIT":
		return "BYE"
	case "KEYS":
		return "KEYS 0"
	}
	before := l.held[changed.Key]
	after := apply(before, changed)
	l.held[changed.Key] = after
	switch {
	case c.Verb == "SET", c.Verb == "DEL" && before.found:
		return answer(fmt.Sprintf("OK %d", l.life))
	case after.found:
		return answer(fmt.Sprintf("VALUE %d %s", l.life, after.text))
	}
	return answer(fmt.Sprintf("NONE %d", l.life))
}

// serve runs l on a socket until the test ends, and returns its address.
func (l *liar) serve(t *testing.T) string {
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	t.Cleanup(func() {
		socket.Close()
		all.Wait()
	})
	all.Go(func() {
		for {
			conn, err := socket.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer conn.Close()
				for lines := bufio.NewScanner(conn); lines.Scan(); {
					if _, err := io.WriteString(conn, l.reply(lines.Text())+"\n"); err != nil {
						return
					}
				}
			})
		}
	})
	return socket.Addr().String()
}

// sendTo lets one client work until it has had so many answers, right or wrong, and returns what it found wrong.
func sendTo(t *testing.T, l *liar, answers uint64) []string {
	t.Helper()
	l.life, l.held = 1, make(map[string]content)
	var counted tally
	c := newClient(0, l.serve(t), 7, &counted)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	counted.onAnswer = func(n uint64) {
		if n >= answers {
			cancel()
		}
	}
	c.work(ctx)
	c.leave()
	_, sample := counted.accusations()
	return sample
}

func TestClientHasNothingAgainstAnHonestService(t *testing.T) {
	if wrong := sendTo(t, &liar{}, 5000); len(wrong) > 0 {
		t.Errorf("false alarm: %q", wrong)
	}
	crashing := &liar{twist: func(l *liar, c kvstore.Command) (kvstore.Command, func(string) string) {
		if l.count%100 == 0 {
			l.life, l.held = l.life+1, make(map[string]content)
		}
		return c, func(honest string) string { return honest }
	}}
	if wrong := sendTo(t, crashing, 5000); len(wrong) > 0 {
		t.Errorf("false alarm when the shard crashes: %q", wrong)
	}
}

// refusing answers every seventh command with an error, having carried out every other of those.
func TestClientDoubtsWhatWasRefused(t *testing.T) {
	refusing := &liar{twist: func(l *liar, c kvstore.Command) (kvstore.Command, func(string) string) {
		if l.count%7 != 0 || c.Verb == "QUIT" {
			return c, func(honest string) string { return honest }
		}
		if l.count%2 == 0 {
			c.Verb = "GET" // which changes nothing
		}
		return c, func(string) string { return "ERR the shard did not answer in time" }
	}}
	if wrong := sendTo(t, refusing, 5000); len(wrong) > 0 {
		t.Errorf("false alarm: %q", wrong)
	}
}

func TestClientCatchesALiar(t *testing.T) {
	honest := func(s string) string { return s }
	for name, twist := range map[string]func(l *liar, c kvstore.Command) (kvstore.Command, func(string) string){
		"a lost write": func(l *liar, c kvstore.Command) (kvstore.Command, func(string) string) {
			if l.count > 1000 && c.Verb == "SET" {
				return kvstore.Command{Verb: "GET", Key: c.Key}, honest // says OK all the same
			}
			return c, honest
		},
		"a stale read": func(l *liar, c kvstore.Command) (kvstore.Command, func(string) string) {
			if l.count > 1000 && c.Verb == "GET" {
				return c, func(string) string { return fmt.Sprintf("VALUE %d 0.1", l.life) } // its first value
			}
			return c, honest
		},
		"an increment handled twice": func(l *liar, c kvstore.Command) (kvstore.Command, func(string) string) {
			if l.count > 1000 && c.Verb == "INCR" {
				l.held[c.Key] = apply(l.held[c.Key], c)
			}
			return c, honest
		},
		"an answer from the grave": func(l *liar, c kvstore.Command) (kvstore.Command, func(string) string) {
			if l.count == 1000 {
				l.life, l.held = 5, make(map[string]content)
			}
			if l.count > 1500 {
				return c, func(s string) string { return strings.Replace(s, " 5", " 4", 1) }
			}
			return c, honest
		},
		"a key that survived its shard": func(l *liar, c kvstore.Command) (kvstore.Command, func(string) string) {
			if l.count == 1000 {
				l.life++
			}
			return c, honest
		},
	} {
		if wrong := sendTo(t, &liar{twist: twist}, 3000); len(wrong) == 0 {
			t.Errorf("%s was not caught", name)
		}
	}
}
