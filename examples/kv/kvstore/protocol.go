package kvstore

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/bastion-go/bastion"
)

// MaxLine is how many bytes a line may have, line break included. A longer one ends its connection.
const MaxLine = 64 << 10

// Help is the answer to HELP: every command, in one line as every answer.
const Help = "HELP SET key value | GET key | DEL key | INCR key | KEYS [prefix] | CRASH [key] | HELP | QUIT"

// operands of every command; one in brackets may be left out.
var operands = map[string]string{"SET": "key value", "GET": "key", "DEL": "key", "INCR": "key",
	"KEYS": "[prefix]", "CRASH": "[key]", "HELP": "", "QUIT": ""}

// A Command is one line of the protocol, taken apart. The value of a SET is the rest of its line, spaces and all.
type Command struct{ Verb, Key, Value string }

// A request is a command as a question to a shard.
type request struct {
	bastion.Returns[string]
	Command
}

// Parse takes a line apart at its first two spaces. Its error is fit to be shown to the client.
func Parse(line string) (Command, error) {
	words := strings.SplitN(strings.TrimSpace(line), " ", 3)
	given := len(words) - 1
	words = append(words, "", "")
	c := Command{Verb: strings.ToUpper(words[0]), Key: words[1], Value: words[2]}
	want, known := operands[c.Verb]
	if !known {
		return Command{}, fmt.Errorf("unknown command %.20q; HELP lists them all", c.Verb)
	}
	optional := given == 0 && strings.HasPrefix(want, "[")
	if given != len(strings.Fields(want)) && !optional || given > 0 && c.Key == "" {
		return Command{}, fmt.Errorf("usage: %s", strings.TrimSpace(c.Verb+" "+want))
	}
	return c, nil
}

// Owner is the index of the shard that owns a key.
func Owner(key string, shards int) int {
	sum := fnv.New64a()
	_, _ = io.WriteString(sum, key)
	return int(sum.Sum64() % uint64(shards))
}

// keys is what one shard owns.
type keys map[string]string

// carryOut answers a command. The answer names the shard's incarnation (its life), so that a client can tell a key that
// was lost in a crash from one that was lost by mistake.
func (k keys) carryOut(c Command, life uint64) string {
	value, found := k[c.Key]
	switch {
	case c.Verb == "CRASH":
		panic("CRASH")
	case c.Verb == "SET":
		k[c.Key] = c.Value
		return fmt.Sprintf("OK %d", life)
	case c.Verb == "INCR":
		n, err := strconv.ParseInt("0"+value, 10, 64)
		if err != nil || n == 1<<63-1 {
			return "ERR not a number that can be counted up"
		}
		k[c.Key] = strconv.FormatInt(n+1, 10)
		return fmt.Sprintf("VALUE %d %d", life, n+1)
	case c.Verb == "KEYS":
		var names []string
		for name := range k {
			if strings.HasPrefix(name, c.Key) {
				names = append(names, name)
			}
		}
		return strings.Join(names, "\n") // which no key holds
	case !found:
		return fmt.Sprintf("NONE %d", life)
	case c.Verb == "DEL":
		delete(k, c.Key)
		return fmt.Sprintf("OK %d", life)
	}
	return fmt.Sprintf("VALUE %d %s", life, value)
}

// listing is the answer to KEYS.
func listing(names []string) string {
	slices.Sort(names)
	return strings.Join(append([]string{"KEYS", strconv.Itoa(len(names))}, names...), " ")
}

// Do carries a command out for a process beside the shards, as a connection does for its client, and returns the line that
// the client would get.
func (s *Service) Do(ctx *bastion.Context, c Command) string {
	answer, err := s.execute(ctx, c)
	return reply(answer, err)
}

// reply is the line that a client gets: the answer or, if there is none, why.
func reply(answer string, err error) string {
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return "ERR the shard has not answered in time; it may carry the command out yet"
	case err != nil:
		return "ERR " + strings.Join(strings.Fields(err.Error()), " ")
	}
	return answer
}
