package savina

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// The test binary plays an engine when it is told to: what it prints is in its environment.
func TestMain(m *testing.M) {
	if text, ok := os.LookupEnv("SAVINA_SAY"); ok {
		if code, err := strconv.Atoi(os.Getenv("SAVINA_EXIT")); err == nil {
			fmt.Fprintln(os.Stderr, text)
			os.Exit(code)
		}
		fmt.Println(text)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func sayer(t *testing.T, name, text, exit string) Engine {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return Engine{Name: name, Command: func(ctx context.Context, _ string, _, _ int) *exec.Cmd {
		cmd := exec.CommandContext(ctx, self)
		cmd.Env = append(os.Environ(), "SAVINA_SAY="+text, "SAVINA_EXIT="+exit)
		return cmd
	}}
}

func TestRunComparesAndNamesFaults(t *testing.T) {
	b := &Bench{
		Programs: []Program{{Name: "sum", N: 10, Less: 5, Ops: 10, LessOp: 5, Answer: 55, AnsLes: 15}},
		Engines: []Engine{
			sayer(t, "bastion", `{"answer":15,"nanoseconds":1000000}`, ""),
			sayer(t, "slow", `{"answer":15,"nanoseconds":3000000}`, ""),
			sayer(t, "wrong", `{"answer":16,"nanoseconds":1}`, ""),
			sayer(t, "broken", "out of luck", "3"),
			sayer(t, "mute", "", ""),
		},
	}
	var steps, done int
	rows, err := b.Run(t.Context(), Options{Rounds: 2, Quick: true, Step: func(string) { steps++ }, Done: func(Row) { done++ }})
	if err != nil {
		t.Fatal(err)
	}
	if done != 1 || steps != 7 { // those with a fault are not tried again
		t.Errorf("%d rows, %d steps", done, steps)
	}
	if times, peer := rows[0].Ahead(); times != 3 || peer != "slow" {
		t.Errorf("ahead %v times of %q", times, peer)
	}
	var text strings.Builder
	engines := []string{"bastion", "slow", "wrong", "broken", "mute"}
	if err := (Report{Machine: "a machine", Rounds: 2, Engines: engines, Rows: rows}).Print(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"3.00  slow", "sum on wrong: the answer is wrong: 16, not 15", "sum on broken: exit status 3: out of luck", `sum on mute: printed ""`} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in\n%s", want, text.String())
		}
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	b := &Bench{Programs: []Program{{Name: "a"}, {Name: "b"}}, Engines: []Engine{sayer(t, "bastion", `{"answer":0,"nanoseconds":1}`, "")}}
	rows, err := b.Run(ctx, Options{Rounds: 1, Step: func(string) {}, Done: func(Row) { cancel() }})
	if err != context.Canceled || len(rows) != 1 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
}

func TestSelectAndFindNameWhatIsWrong(t *testing.T) {
	b := &Bench{Programs: []Program{{Name: "a"}, {Name: "b"}}}
	if err := b.Select([]string{"b"}); err != nil || len(b.Programs) != 1 || b.Programs[0].Name != "b" {
		t.Errorf("%v, %v", b.Programs, err)
	}
	if err := b.Select([]string{"tetris"}); err == nil || !strings.Contains(err.Error(), `no program "tetris"`) {
		t.Error(err)
	}
	if _, err := Find(t.TempDir()); err == nil || !strings.Contains(err.Error(), "--dir") {
		t.Error(err)
	}
	if dir, err := Find("."); err != nil || !strings.HasSuffix(dir, "bench") {
		t.Errorf("%q, %v", dir, err)
	}
}
