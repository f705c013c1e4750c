package demo

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"time"

	"github.com/bastion-go/bastion/examples/kv/kvstore"
)

const (
	keysPerClient     = 16
	countersPerClient = 4

	// patience is far above the service's own timeout: the service answers, whatever state a shard is in, or it is broken.
	patience = 10 * time.Second

	// redial is the pause after a connection was refused or lost, so that a dead service is not flooded with attempts.
	redial = 2 * time.Millisecond
)

// A client sends commands for keys of its own, one at a time, and checks every answer.
type client struct {
	id      int
	address string
	rng     *rand.Rand
	tally   *tally
	keys    []*entry // the first countersPerClient are numbers
	serial  int      // makes every value that is ever written a different one
	names   int      // of keys, the retired ones included
	conn    net.Conn // nil: not connected
	trouble error    // why the last attempt to connect failed; nil: it did not
	lines   *bufio.Reader
}

func newClient(id int, address string, seed uint64, t *tally) *client {
	c := &client{id: id, address: address, rng: rand.New(rand.NewPCG(seed, uint64(id)+1)), tally: t}
	for range keysPerClient {
		c.keys = append(c.keys, c.freshKey())
	}
	return c
}

// prefix of all names of its keys; no client's prefix begins another's.
func (c *client) prefix() string { return fmt.Sprintf("c%d-", c.id) }

func (c *client) freshKey() *entry {
	c.names++
	return &entry{name: fmt.Sprintf("%sk%d", c.prefix(), c.names)}
}

// work sends requests until the context ends. It never leaves a request without its answer behind, unless the connection
// is lost.
func (c *client) work(ctx context.Context) {
	for ctx.Err() == nil {
		if c.conn == nil && !c.connect(ctx) {
			continue
		}
		slot := c.rng.IntN(len(c.keys))
		c.request(slot, c.draw(slot))
	}
}

// draw picks a command for a key.
func (c *client) draw(slot int) kvstore.Command {
	key := c.keys[slot].name
	switch n := c.rng.IntN(100); {
	case n < 1:
		return kvstore.Command{Verb: "KEYS", Key: c.prefix()}
	case n < 8:
		return kvstore.Command{Verb: "DEL", Key: key}
	case n < 55:
		return kvstore.Command{Verb: "GET", Key: key}
	case slot < countersPerClient:
		return kvstore.Command{Verb: "INCR", Key: key}
	}
	c.serial++
	padding := strings.Repeat(" and on", c.rng.IntN(4))
	return kvstore.Command{Verb: "SET", Key: key, Value: fmt.Sprintf("%d.%d%s", c.id, c.serial, padding)}
}

// request sends one command about one key and settles its answer. It reports whether the command was carried out.
func (c *client) request(slot int, command kvstore.Command) bool {
	began := time.Now()
	a, err := c.exchange(command)
	e := c.keys[slot]
	switch {
	case err != nil:
		c.tally.cut.Add(1)
		if command.Verb != "KEYS" {
			e.doubt(command)
		}
		c.disconnect()
		return false
	case a.refused():
		c.tally.refused.Add(1)
		if command.Verb != "KEYS" {
			e.doubt(command)
		}
		return false
	case command.Verb == "KEYS":
		err = c.checkListing(a)
	default:
		if e.known.found && wardOf(a.life) > wardOf(e.life) {
			c.tally.lost.Add(1)
		}
		err = e.settle(command, a)
	}
	if err != nil {
		c.tally.accuse(err)
		*e = *c.freshKey() // one wrong answer is one accusation, not one at every later request
		return false
	}
	c.tally.answer(time.Since(began))
	switch command.Verb {
	case "SET", "DEL":
		c.tally.writes.Add(1)
	case "INCR":
		c.tally.writes.Add(1)
		c.tally.reads.Add(1)
	case "GET":
		c.tally.reads.Add(1)
	}
	return true
}

// checkListing wants as many names as were announced, all of them this client's.
func (c *client) checkListing(a answer) error {
	names := strings.Fields(a.text)
	if len(names) == 0 || names[0] != fmt.Sprint(len(names)-1) {
		return fmt.Errorf("KEYS %s: the count does not fit: %.80q", c.prefix(), a.text)
	}
	for _, name := range names[1:] {
		if !strings.HasPrefix(name, c.prefix()) {
			return fmt.Errorf("KEYS %s: lists %.80q", c.prefix(), name)
		}
	}
	return nil
}

// exchange sends a command and reads its answer. After an error the connection is of no more use.
func (c *client) exchange(command kvstore.Command) (answer, error) {
	if err := c.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return answer{}, err
	}
	line := strings.TrimRight(command.Verb+" "+command.Key+" "+command.Value, " ") + "\n"
	if _, err := io.WriteString(c.conn, line); err != nil {
		return answer{}, err
	}
	text, err := c.lines.ReadString('\n')
	if err != nil {
		return answer{}, err
	}
	a, err := parseAnswer(strings.TrimSuffix(text, "\n"))
	if err != nil {
		c.tally.accuse(err)
	}
	return a, err
}

// connect tries once; after a failure it waits a little.
func (c *client) connect(ctx context.Context) bool {
	dialer := net.Dialer{Timeout: patience}
	conn, err := dialer.DialContext(ctx, "tcp", c.address)
	c.trouble = err
	if err != nil {
		if ctx.Err() == nil {
			c.tally.unable(err)
		}
		pause(ctx, redial)
		return false
	}
	c.tally.connects.Add(1)
	c.conn, c.lines = conn, bufio.NewReader(conn)
	return true
}

// disconnect gives the connection up, and with it every key whose content depends on what was last sent over it: nothing
// orders that before what a next connection sends.
func (c *client) disconnect() {
	if c.conn == nil {
		return
	}
	_ = c.conn.Close()
	c.conn, c.lines = nil, nil
	for slot, e := range c.keys {
		if len(e.doubts) > 0 {
			c.keys[slot] = c.freshKey()
			c.tally.retired.Add(1)
		}
	}
}

// leave says good-bye.
func (c *client) leave() {
	if c.conn == nil {
		return
	}
	if a, err := c.exchange(kvstore.Command{Verb: "QUIT"}); err == nil && a.word != "BYE" {
		c.tally.accuse(errors.New("QUIT was answered with " + a.word))
	}
	c.disconnect()
}

// pause waits, unless the context ends first.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
