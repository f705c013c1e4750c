package otptest

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A node is one run of Erlang, which plays tales.
type node struct {
	in      io.WriteCloser
	out     *bufio.Reader
	version string
}

// startNode compiles the other side's half and runs it until the test is over.
func startNode(t *testing.T) *node {
	dir := t.TempDir()
	compile := exec.Command("erlc", "-Werror", "-o", dir, filepath.Join("testdata", "otpworld.erl"))
	if out, err := compile.CombinedOutput(); err != nil {
		t.Fatalf("erlc: %v\n%s", err, out)
	}
	// One scheduler: the comparison is about order, and one tale at a time needs no more.
	cmd := exec.Command("erl", "-noshell", "+S", "1:1", "-pa", dir, "-s", "otpworld", "main")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close() // it ends with its input
		if t.Failed() {
			_ = cmd.Process.Kill() // it may have more to tell than anybody wants to hear
		}
		over := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
		if err := cmd.Wait(); err != nil && !t.Failed() {
			t.Errorf("erl: %v", err)
		}
		over.Stop()
	})
	n := &node{in: in, out: bufio.NewReader(out)}
	line, err := n.out.ReadString('\n')
	if !strings.HasPrefix(line, "ready ") {
		t.Fatalf("erl began with %q, %v", line, err)
	}
	n.version = strings.TrimSpace(strings.TrimPrefix(line, "ready "))
	return n
}

// tell gives the node a tale to play; hear returns its transcript. Tales are answered in order.
func (n *node) tell(id int, x *tale) error {
	_, err := io.WriteString(n.in, x.term(id))
	return err
}

func (n *node) hear(id int) (lines []string, err error) {
	for first := true; ; first = false {
		line, err := n.out.ReadString('\n')
		line = strings.TrimSuffix(line, "\n")
		switch {
		case err != nil:
			return lines, fmt.Errorf("tale %d: erl is gone: %w", id, err)
		case first && line != fmt.Sprint(id):
			return nil, fmt.Errorf("tale %d: erl answered %q", id, line)
		case line == ".":
			return lines, nil
		case !first:
			lines = append(lines, line)
		}
	}
}
