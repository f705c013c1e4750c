package bastiontest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bastion-go/bastion"
)

// A run with a history is held against the contracts at its end.
func TestRun_KeepsAHistory(t *testing.T) {
	Options{Seeds: 50, History: true}.Run(t, func(s *Sim) {
		writers(s)
		sent, received := 0, 0
		for _, e := range s.History().Entries() {
			switch e.Op {
			case OpSend:
				sent++
			case OpReceive:
				received++
			}
		}
		if sent != 4 || received != 4 {
			s.Errorf("%d sent, %d received", sent, received)
		}
	})
	judged(t, Options{Seeds: 1}, func(s *Sim) {
		if s.History() != nil {
			s.Error("a history that nobody asked for")
		}
	}).passes(t)
	judged(t, Options{Seeds: 1, History: true, Shrink: -1}, func(s *Sim) {
		writers(s)
		s.History().add(Entry{Op: OpReceive, Message: 1, To: "/bastion/sup/sink"}) // as if it came again
	}).wants(t, "D1: message #1 was received 2 times", "the history has accepted 4, received 5")
}

// The trace of a failing run lies where the report says, in three forms.
func TestRun_WritesTheTraceOfAFailure(t *testing.T) {
	j := judged(t, Options{Seeds: 1, Shrink: -1}, func(s *Sim) {
		s.System(bastion.Config{})
		s.Error("wrong")
	})
	_, rest, found := strings.Cut(j.said.String(), "trace:    ")
	path, _, _ := strings.Cut(rest, ",")
	if !found {
		t.Fatal(j.said.String())
	}
	base := strings.TrimSuffix(path, filepath.Ext(path))
	for end, begins := range map[string]string{".trace": "TestX, seed 0x0\n", ".mmd": "sequenceDiagram\n", ".jsonl": `{"format":"bastion trace"`} {
		text, err := os.ReadFile(base + end)
		if err != nil || !strings.HasPrefix(string(text), begins) {
			t.Errorf("%s: %v, %.100s", end, err, text)
		}
	}
}
