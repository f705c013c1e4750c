package otptest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

const skipped = "NOT COMPARED WITH THE REAL OTP: there is no erl with erlc in the path (Debian: apt-get install erlang-base)"

var noErlang = func() bool {
	_, erl := exec.LookPath("erl")
	_, erlc := exec.LookPath("erlc")
	return erl != nil || erlc != nil
}()

func TestMain(m *testing.M) {
	code := m.Run()
	if noErlang && code == 0 && os.Getenv("BASTION_OTP") != "required" {
		loud(skipped)
	}
	os.Exit(code)
}

// loud says something to whoever runs the tests. The go command shows nothing of a package that passes: it puts [no tests
// to run] behind it if the package says so, and what is to be read by people has to go past it, where that can be done.
func loud(text string) {
	fmt.Fprintf(os.Stderr, "!!! %s\ntesting: warning: no tests to run\n", text)
	parent := filepath.Join("/proc", strconv.Itoa(os.Getppid()))
	if comm, _ := os.ReadFile(filepath.Join(parent, "comm")); runtime.GOOS != "linux" || strings.TrimSpace(string(comm)) != "go" {
		return
	}
	out, err := os.OpenFile(filepath.Join(parent, "fd", "2"), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return
	}
	defer out.Close()
	// In a file, whoever has it open at an offset of his own would write over it.
	if info, err := out.Stat(); err == nil && !info.Mode().IsRegular() {
		fmt.Fprintf(out, "!!! %s\n", text)
	}
}

func number(t *testing.T, variable string, otherwise int) int {
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	return n
}

// TestAsOTP compares Bastion with the real thing (S1 to S9).
func TestAsOTP(t *testing.T) {
	switch {
	case noErlang && os.Getenv("BASTION_OTP") == "required":
		t.Fatal(skipped)
	case noErlang:
		t.Skip(skipped)
	}
	c := &comparison{
		T: t, node: startNode(t),
		seed: uint64(number(t, "BASTION_OTP_SEED", 1)), cases: number(t, "BASTION_OTP_CASES", defaultTales),
	}
	go c.tellAll()
	for id := range c.cases {
		c.one(id)
	}
	c.summary()
}

// A comparison is one run over many tales.
type comparison struct {
	*testing.T
	node  *node
	seed  uint64
	cases int

	told  [waiting + 1]int // tales under each rule
	met   [waiting + 1]int // of those, in which it mattered
	steps int
	busy  int // steps in which something was started or stopped
	died  int // tales in which the top ended by itself
}

// tellAll is ahead of the rest, so that both sides are at work.
func (c *comparison) tellAll() {
	for id := range c.cases {
		if c.node.tell(id, drawTale(c.seed, id)) != nil {
			return // hear says what happened
		}
	}
}

func (c *comparison) one(id int) {
	x := drawTale(c.seed, id)
	if err := x.illegal(); err != nil {
		c.Fatalf("seed %d, tale %d: %v\n%v", c.seed, id, err, x)
	}
	theirs, err := c.node.hear(id)
	if err != nil {
		c.Fatal(err)
	}
	ours := perform(c.T, x)
	c.count(x, theirs)
	g, met := compare(x, ours, theirs)
	if met {
		c.met[x.Rule]++
	}
	if g != nil {
		c.Fatalf("seed %d, tale %d: we are not as OTP %s.\n%s", c.seed, id, c.node.version, c.shrink(x))
	}
}

func (c *comparison) count(x *tale, theirs []string) {
	c.told[x.Rule]++
	for _, line := range theirs {
		c.steps++
		if !strings.Contains(line, "||") {
			c.busy++
		}
	}
	if len(theirs) <= len(x.Events) {
		c.died++
	}
}

// shrink returns the smallest tale that shows what x does, with what both sides did.
func (c *comparison) shrink(x *tale) string {
	n, id := startNode(c.T), 0
	look := func(y *tale) *gap {
		id++
		if err := n.tell(id, y); err != nil {
			c.Fatal(err)
		}
		theirs, err := n.hear(id)
		if err != nil {
			c.Fatal(err)
		}
		g, _ := compare(y, perform(c.T, y), theirs)
		return g
	}
	small := shrunk(x, func(y *tale) bool { return look(y) != nil })
	g := look(small)
	if g == nil {
		return "And it is not so every time:\n" + x.String()
	}
	return fmt.Sprintf("%vAt step %d, as result|what happened|table:\n  Bastion: %s\n  OTP:     %s", small, g.step, g.ours, g.theirs)
}

// summary is where the test looks at itself: tales that say nothing, or rules that excuse too much, would pass all too well.
func (c *comparison) summary() {
	c.Logf("OTP %s, seed %d: %d tales, %d events of which %d started or stopped something, %d tops ended by themselves, rules %v, met %v",
		c.node.version, c.seed, c.cases, c.steps, c.busy, c.died, c.told, c.met)
	if c.told[none]*10 < c.cases*9 {
		c.Errorf("only %d of %d tales run under no rule", c.told[none], c.cases)
	}
	if c.cases < defaultTales || c.cases < 2000 {
		return // too few to say more
	}
	for r := stays; r <= waiting; r++ {
		if r != waiting && c.met[r] == 0 {
			c.Errorf("rule %v (%d tales) never mattered", r, c.told[r])
		}
	}
	if c.busy*3 < c.steps || c.died*20 < c.cases {
		c.Errorf("the tales are dull: %d of %d steps did anything, in %d of %d the top died", c.busy, c.steps, c.died, c.cases)
	}
}
