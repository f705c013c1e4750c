package demo

import (
	"strings"
	"testing"

	"github.com/bastion-go/bastion/examples/kv/kvstore"
)

// A step is "command -> answer", or "command -> ?" for one that was not answered.
func play(t *testing.T, steps []string) error {
	t.Helper()
	e := &entry{name: "k"}
	for i, step := range steps {
		line, reply, ok := strings.Cut(step, " -> ")
		if !ok {
			t.Fatalf("step %q has no arrow", step)
		}
		c, err := kvstore.Parse(line)
		if err != nil {
			t.Fatal(err)
		}
		if reply == "?" {
			e.doubt(c)
			continue
		}
		a, err := parseAnswer(reply)
		if err != nil {
			t.Fatal(err)
		}
		if err := e.settle(c, a); err != nil {
			if i < len(steps)-1 {
				t.Fatalf("step %d, %q: %v", i, step, err)
			}
			return err
		}
	}
	return nil
}

func TestLedgerAcceptsWhatACorrectServiceMaySay(t *testing.T) {
	for name, steps := range map[string][]string{
		"read what was written":        {"SET k a -> OK 1", "GET k -> VALUE 1 a", "GET k -> VALUE 1 a"},
		"never written":                {"GET k -> NONE 1", "DEL k -> NONE 1"},
		"overwritten":                  {"SET k a -> OK 1", "SET k b -> OK 1", "GET k -> VALUE 1 b"},
		"deleted":                      {"SET k a -> OK 1", "DEL k -> OK 1", "GET k -> NONE 1"},
		"gone with the life":           {"SET k a -> OK 1", "GET k -> NONE 2", "GET k -> NONE 2"},
		"written again":                {"SET k a -> OK 1", "SET k b -> OK 3", "GET k -> VALUE 3 b"},
		"unanswered, happened":         {"SET k a -> OK 1", "SET k b -> ?", "GET k -> VALUE 1 b", "GET k -> VALUE 1 b"},
		"unanswered, did not happen":   {"SET k a -> OK 1", "SET k b -> ?", "GET k -> VALUE 1 a"},
		"unanswered, in the next life": {"SET k a -> OK 1", "SET k b -> ?", "GET k -> VALUE 2 b"},
		"two unanswered, one happened": {"SET k a -> OK 1", "SET k b -> ?", "DEL k -> ?", "GET k -> NONE 1"},
		"counted":                      {"INCR k -> VALUE 1 1", "INCR k -> VALUE 1 2", "GET k -> VALUE 1 2"},
		"counted from scratch":         {"INCR k -> VALUE 1 1", "INCR k -> VALUE 2 1"},
		"counted, some unanswered":     {"INCR k -> VALUE 1 1", "INCR k -> ?", "INCR k -> ?", "INCR k -> VALUE 1 3"},
		"deletion unanswered":          {"SET k a -> OK 1", "DEL k -> ?", "DEL k -> NONE 1"},
	} {
		if err := play(t, steps); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The last step of each is wrong, and no step before it.
func TestLedgerCatches(t *testing.T) {
	for name, steps := range map[string][]string{
		"a lost write":                   {"SET k a -> OK 1", "GET k -> NONE 1"},
		"a lost overwrite (stale read)":  {"SET k a -> OK 1", "SET k b -> OK 1", "GET k -> VALUE 1 a"},
		"a lost deletion":                {"SET k a -> OK 1", "DEL k -> OK 1", "GET k -> VALUE 1 a"},
		"a read that forgets":            {"SET k a -> ?", "GET k -> VALUE 1 a", "GET k -> NONE 1"},
		"a doubt that is settled":        {"SET k a -> OK 1", "SET k b -> ?", "GET k -> VALUE 1 a", "GET k -> VALUE 1 b"},
		"a life that is over":            {"SET k a -> OK 2", "GET k -> VALUE 1 b"},
		"state that survived a crash":    {"SET k a -> OK 1", "GET k -> VALUE 2 a"},
		"a value that nobody wrote":      {"SET k a -> OK 1", "SET k b -> ?", "GET k -> VALUE 1 c"},
		"an increment handled twice":     {"INCR k -> VALUE 1 1", "INCR k -> VALUE 1 3"},
		"an increment that was lost":     {"INCR k -> VALUE 1 1", "INCR k -> VALUE 1 1"},
		"more increments than were sent": {"INCR k -> VALUE 1 1", "INCR k -> ?", "INCR k -> VALUE 1 4"},
		"a deletion of nothing":          {"SET k a -> OK 1", "DEL k -> OK 1", "DEL k -> OK 1"},
		"an answer to another question":  {"SET k a -> VALUE 1 a"},
		"OK for a read":                  {"SET k a -> OK 1", "GET k -> OK 1"},
	} {
		if err := play(t, steps); err == nil {
			t.Errorf("%s: not caught", name)
		} else if !strings.Contains(err.Error(), " k: ") {
			t.Errorf("%s: the error does not name the key: %v", name, err)
		}
	}
}

func TestParseAnswer(t *testing.T) {
	for line, want := range map[string]answer{
		"OK 3":            {"OK", 3, ""},
		"VALUE 12 a b  c": {"VALUE", 12, "a b  c"},
		"NONE 1":          {"NONE", 1, ""},
		"KEYS 2 a b":      {"KEYS", 0, "2 a b"},
		"ERR no, thanks":  {"ERR", 0, "no, thanks"},
		"BYE":             {"BYE", 0, ""},
	} {
		if got, err := parseAnswer(line); err != nil || got != want {
			t.Errorf("%q: %+v, %v", line, got, err)
		}
	}
	for _, line := range []string{"", "OK", "OK x", "OK 0", "VALUE", "VALUE -1 a", "YES 1", "ok 1"} {
		if got, err := parseAnswer(line); err == nil {
			t.Errorf("%q was taken for %+v", line, got)
		}
	}
}
