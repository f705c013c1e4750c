package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/bastion-go/bastion/bench/savina"
	"github.com/bastion-go/bastion/bench/savina/ours"
	"github.com/bastion-go/bastion/bench/savina/proto"
)

var engines = map[string]map[string]func(n int) int64{"bastion": ours.Programs, "protoactor": proto.Programs}

// A Round is one line of the output.
type Round struct {
	Engine      string `json:"engine"`
	Program     string `json:"program"`
	N           int    `json:"n"`
	Answer      int64  `json:"answer"`
	Nanoseconds int64  `json:"nanoseconds"`
}

// listing is what --list prints of a program.
type listing struct {
	Program string `json:"program"`
	What    string `json:"what"`
	N       int    `json:"n"`
	Less    int    `json:"less"`
	Ops     int64  `json:"ops"`
	OpsLess int64  `json:"ops_less"`
	Answer  int64  `json:"answer"`
	AnsLess int64  `json:"answer_less"`
}

func main() {
	engine := flag.String("engine", "bastion", "bastion or protoactor")
	program := flag.String("program", "", "which one of the suite")
	n := flag.Int("n", 0, "its size (0: the program's own)")
	rounds := flag.Int("rounds", 3, "how often, after one that does not count")
	list := flag.Bool("list", false, "print the programs, with sizes and right answers")
	flag.Parse()
	out := json.NewEncoder(os.Stdout)
	if *list {
		for _, p := range savina.Programs() {
			check(out.Encode(listing{p.Name, p.What, p.N, p.Less, p.Ops(p.N), p.Ops(p.Less), p.Answer(p.N), p.Answer(p.Less)}))
		}
		return
	}
	p, err := savina.Find(*program)
	check(err)
	play := engines[*engine][p.Name]
	if play == nil {
		check(fmt.Errorf("no engine %q: there are bastion and protoactor", *engine))
	}
	if *n == 0 {
		*n = p.N
	}
	for i := range *rounds + 1 {
		runtime.GC()
		start := time.Now()
		answer := play(*n)
		took := time.Since(start)
		if i > 0 { // the first one warms up
			check(out.Encode(Round{*engine, p.Name, *n, answer, took.Nanoseconds()}))
		}
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "savina:", err)
		os.Exit(1)
	}
}
