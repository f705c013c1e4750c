package kvstore

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for line, want := range map[string]Command{
		"GET a":              {"GET", "a", ""},
		"get a":              {"GET", "a", ""},
		"  GET a\r":          {"GET", "a", ""},
		"SET a b":            {"SET", "a", "b"},
		"SET a b  c, d ":     {"SET", "a", "b  c, d"},
		"SET a GET b":        {"SET", "a", "GET b"},
		"KEYS":               {"KEYS", "", ""},
		"KEYS pre":           {"KEYS", "pre", ""},
		"CRASH":              {"CRASH", "", ""},
		"CRASH a":            {"CRASH", "a", ""},
		"INCR é":             {"INCR", "é", ""},
		"HELP":               {"HELP", "", ""},
		"QUIT":               {"QUIT", "", ""},
		"DEL \x00\xff":       {"DEL", "\x00\xff", ""},
		"SET a \x1b[31mred!": {"SET", "a", "\x1b[31mred!"},
	} {
		if got, err := Parse(line); err != nil || got != want {
			t.Errorf("%q: %+v, %v", line, got, err)
		}
	}
	for line, want := range map[string]string{
		"":                       "unknown command",
		" ":                      "unknown command",
		"FROB a":                 "unknown command",
		"\x16\x03\x01\x02":       "unknown command",
		"GET":                    "usage: GET key",
		"GET a b":                "usage: GET key",
		"GET  a":                 "usage: GET key",
		"SET a":                  "usage: SET key value",
		"SET  a":                 "usage: SET key value",
		"KEYS a b":               "usage: KEYS [prefix]",
		"QUIT now":               "usage: QUIT",
		strings.Repeat("x", 1e4): "unknown command",
	} {
		if got, err := Parse(line); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %+v, %v; want %q", line, got, err, want)
		} else if len(err.Error()) > 200 {
			t.Errorf("%.20q…: an error of %d bytes", line, len(err.Error()))
		}
	}
}

// Every command of the table is in the help, and nothing else.
func TestHelp(t *testing.T) {
	listed := strings.Split(strings.TrimPrefix(Help, "HELP "), " | ")
	if len(listed) != len(operands) {
		t.Errorf("HELP lists %d commands of %d", len(listed), len(operands))
	}
	for _, text := range listed {
		verb, rest, _ := strings.Cut(text, " ")
		if want, known := operands[verb]; !known || want != rest {
			t.Errorf("HELP lists %q, the table has %q", text, want)
		}
	}
}

func TestCarryOut(t *testing.T) {
	k := keys{}
	for _, step := range []struct{ line, want string }{
		{"GET a", "NONE 7"},
		{"SET a 1 2", "OK 7"},
		{"GET a", "VALUE 7 1 2"},
		{"INCR a", "ERR not a number that can be counted up"},
		{"INCR n", "VALUE 7 1"},
		{"INCR n", "VALUE 7 2"},
		{"SET n 9223372036854775806", "OK 7"},
		{"INCR n", "VALUE 7 9223372036854775807"},
		{"INCR n", "ERR not a number that can be counted up"},
		{"KEYS x", ""},
		{"KEYS n", "n"},
		{"DEL a", "OK 7"},
		{"DEL a", "NONE 7"},
	} {
		c, err := Parse(step.line)
		if err != nil {
			t.Fatal(err)
		}
		if got := k.carryOut(c, 7); got != step.want {
			t.Errorf("%s: %q, want %q", step.line, got, step.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, line := range []string{"", "GET a", "SET a b c", "  set\ta  b ", "KEYS", "CRASH x", "\xff\xfe", "INCR  a", "SET a \r"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		c, err := Parse(line)
		if err != nil {
			if c != (Command{}) || strings.ContainsAny(err.Error(), "\r\n") {
				t.Fatalf("%q: %+v with error %q", line, c, err)
			}
			return
		}
		if _, known := operands[c.Verb]; !known || c.Key == "" && c.Value != "" || strings.Contains(c.Key, " ") {
			t.Fatalf("%q: %+v", line, c)
		}
		// What was understood can be said again, and means the same.
		again, err := Parse(strings.TrimRight(c.Verb+" "+c.Key+" "+c.Value, " "))
		if err != nil || again != c {
			t.Fatalf("%q: %+v, but then %+v, %v", line, c, again, err)
		}
		if c.Verb != "CRASH" {
			keys{}.carryOut(c, 1)
		}
	})
}
