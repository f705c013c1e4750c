package savina

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// A Program is one of the suite, as its module lists it.
type Program struct {
	Name   string `json:"program"`
	What   string `json:"what"`
	N      int    `json:"n"`
	Less   int    `json:"less"`
	Ops    int64  `json:"ops"`
	LessOp int64  `json:"ops_less"`
	Answer int64  `json:"answer"`
	AnsLes int64  `json:"answer_less"`
}

// An Engine can play programs.
type Engine struct {
	Name string
	// Command plays a program of size n once to warm up and then so many rounds, and prints a line for each.
	Command func(ctx context.Context, program string, n, rounds int) *exec.Cmd
}

// A Bench is ready to run.
type Bench struct {
	Programs []Program
	Engines  []Engine
	Missing  []string // which engines are not there, and why
	dir      string   // temporary
}

// Find looks for the folder of the bench module, from dir upwards.
func Find(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "bench", "savina", "program.go")); err == nil {
			return filepath.Join(at, "bench"), nil
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("no bench/savina in %s or above: run this in a checkout of Bastion, or name its bench folder with --dir", dir)
		}
	}
}

// Prepare builds the suite that is in folder. step is told what is being done.
func Prepare(ctx context.Context, folder string, step func(string)) (b *Bench, err error) {
	temp, err := os.MkdirTemp("", "savina-")
	if err != nil {
		return nil, err
	}
	b = &Bench{dir: temp}
	defer func() {
		if err != nil {
			b.Close()
		}
	}()
	step("building the suite (its first build downloads protoactor-go)")
	program := filepath.Join(temp, "savina")
	build := exec.CommandContext(ctx, "go", "build", "-o", program, "./cmd/savina")
	build.Dir, build.Env = folder, append(os.Environ(), "GOWORK=off")
	if text, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building the suite: %w\n%s", err, text)
	}
	if b.Programs, err = list(ctx, program); err != nil {
		return nil, err
	}
	b.Engines = []Engine{goEngine("bastion", program), goEngine("protoactor", program)}
	step("compiling it for Erlang")
	if why := b.erlang(ctx, filepath.Join(folder, "savina", "erlang", "savina.erl")); why != "" {
		b.Missing = append(b.Missing, why)
	}
	return b, nil
}

// Close removes what was built.
func (b *Bench) Close() { _ = os.RemoveAll(b.dir) }

func list(ctx context.Context, program string) (all []Program, err error) {
	out, err := exec.CommandContext(ctx, program, "--list").Output()
	if err != nil {
		return nil, fmt.Errorf("asking the suite for its programs: %w", err)
	}
	for line := range strings.Lines(string(out)) {
		var p Program
		if err := json.Unmarshal([]byte(line), &p); err != nil {
			return nil, fmt.Errorf("the suite's list: %w", err)
		}
		all = append(all, p)
	}
	return all, nil
}

func goEngine(name, program string) Engine {
	return Engine{Name: name, Command: func(ctx context.Context, play string, n, rounds int) *exec.Cmd {
		return exec.CommandContext(ctx, program, "--engine", name, "--program", play, "--n", strconv.Itoa(n), "--rounds", strconv.Itoa(rounds))
	}}
}

// erlang adds Erlang, or says why not.
func (b *Bench) erlang(ctx context.Context, source string) (why string) {
	erl, err1 := exec.LookPath("erl")
	erlc, err2 := exec.LookPath("erlc")
	if err := errors.Join(err1, err2); err != nil {
		return "Erlang is not installed (Debian: apt-get install erlang-base): its columns are missing"
	}
	if text, err := exec.CommandContext(ctx, erlc, "-o", b.dir, source).CombinedOutput(); err != nil {
		return fmt.Sprintf("Erlang could not compile the suite: %v: %s", err, text)
	}
	b.Engines = append(b.Engines, Engine{Name: "erlang", Command: func(ctx context.Context, play string, n, rounds int) *exec.Cmd {
		return exec.CommandContext(ctx, erl, "-noshell", "+P", "4000000", "-pa", b.dir, "-s", "savina", "main", play, strconv.Itoa(n), strconv.Itoa(rounds))
	}})
	return ""
}

// Select keeps the programs of those names; none: all.
func (b *Bench) Select(names []string) error {
	if len(names) == 0 {
		return nil
	}
	var kept []Program
	for _, name := range names {
		found := false
		for _, p := range b.Programs {
			if p.Name == name {
				kept, found = append(kept, p), true
			}
		}
		if !found {
			var all []string
			for _, p := range b.Programs {
				all = append(all, p.Name)
			}
			return fmt.Errorf("no program %q: there are %s", name, strings.Join(all, ", "))
		}
	}
	b.Programs = kept
	return nil
}
