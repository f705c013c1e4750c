package savina

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// Patience is how long one engine may take for one round of one program, with the one that warms up.
const Patience = 2 * time.Minute

// Options say how to run.
type Options struct {
	Rounds int // measured, of each program on each engine
	Quick  bool
	// Step is told what runs now, Done each program's figures.
	Step func(text string)
	Done func(Row)
}

// A Row is one program.
type Row struct {
	Program string            `json:"program"`
	N       int               `json:"n"`
	Ops     int64             `json:"ops"` // messages, or actors made
	Median  map[string]int64  `json:"median_ns"`
	Faults  map[string]string `json:"faults,omitempty"` // engines without a figure: why
}

// Run plays all programs on all engines.
func (b *Bench) Run(ctx context.Context, o Options) (rows []Row, err error) {
	for i, p := range b.Programs {
		n, ops, answer := p.N, p.Ops, p.Answer
		if o.Quick {
			n, ops, answer = p.Less, p.LessOp, p.AnsLes
		}
		row := Row{Program: p.Name, N: n, Ops: ops, Median: map[string]int64{}, Faults: map[string]string{}}
		times := map[string][]int64{}
		for round := range o.Rounds {
			for _, e := range b.Engines {
				if row.Faults[e.Name] != "" {
					continue
				}
				o.Step(fmt.Sprintf("[%d/%d] %s, round %d of %d: %s", i+1, len(b.Programs), p.Name, round+1, o.Rounds, e.Name))
				took, err := e.play(ctx, p.Name, n, answer)
				if ctx.Err() != nil {
					return rows, ctx.Err()
				}
				if err != nil {
					row.Faults[e.Name] = err.Error()
					continue
				}
				times[e.Name] = append(times[e.Name], took)
			}
		}
		for name, all := range times {
			if row.Faults[name] == "" {
				slices.Sort(all)
				row.Median[name] = all[len(all)/2]
			}
		}
		rows = append(rows, row)
		o.Done(row)
	}
	return rows, nil
}

// result is one line that an engine prints.
type result struct {
	Answer      int64 `json:"answer"`
	Nanoseconds int64 `json:"nanoseconds"`
}

// play is one round in a process of its own.
func (e Engine) play(ctx context.Context, program string, n int, answer int64) (took int64, err error) {
	bounded, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	var out, errs bytes.Buffer
	cmd := e.Command(bounded, program, n, 1)
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &out, &errs, time.Second
	if err := cmd.Run(); err != nil {
		if bounded.Err() != nil {
			return 0, fmt.Errorf("took over %v", Patience)
		}
		return 0, said(err, errs.String())
	}
	line := strings.TrimSpace(out.String())
	var r result
	if err := json.Unmarshal([]byte(line), &r); err != nil {
		return 0, fmt.Errorf("printed %q: %w", line, err)
	}
	if r.Answer != answer {
		return 0, fmt.Errorf("the answer is wrong: %d, not %d", r.Answer, answer)
	}
	return r.Nanoseconds, nil
}

// said is an error with the first line of what the program had to say.
func said(err error, text string) error {
	var exit *exec.ExitError
	if first, _, _ := strings.Cut(strings.TrimSpace(text), "\n"); errors.As(err, &exit) && first != "" {
		return fmt.Errorf("%w: %s", err, first)
	}
	return err
}
