package demo

import (
	"os"
	"runtime/debug"

	"github.com/bastion-go/bastion/fort"
)

// A death is one that no supervisor in the program can prevent: it ends the process.
type death struct {
	order string
	what  string // for people, one of them
	many  string
	kind  fort.Kind // as what the guard must report it
	die   func()    // nil: from outside
}

// deaths: the first one comes first.
var deaths = []death{
	{"map", "concurrent map write", "concurrent map writes", fort.Fatal, writeConcurrently},
	{"panic", "panic in a forgotten goroutine", "panics in forgotten goroutines", fort.Panic, panicElsewhere},
	{"stack", "stack exhaustion", "stack exhaustions", fort.Fatal, exhaustStack},
	{"kill", "kill -9", "kill -9s", fort.Signal, nil},
	{"nil", "nil pointer in a forgotten goroutine", "nil pointers in forgotten goroutines", fort.Panic, faultElsewhere},
	{"exit", "os.Exit", "os.Exits", fort.Exit, func() { os.Exit(3) }},
}

// shared is written by several goroutines without a lock: the mistake that Go answers with a fatal error. It is only
// found when two of them meet, so they go on until they do.
var shared = map[int]int{}

func writeConcurrently() {
	for range 8 {
		go func() {
			for {
				shared[0]++
			}
		}()
	}
	select {}
}

func panicElsewhere() {
	go func() { panic("demo: a panic that nobody recovers") }()
	select {}
}

func faultElsewhere() {
	go func() { _, _, e := absent(); e.life++ }()
	select {}
}

func exhaustStack() {
	debug.SetMaxStack(16 << 20) // to fill the gigabyte that is usual takes seconds
	if descend(1) < 0 {
		panic("the stack has no end")
	}
}

func descend(n int) int {
	if n < 0 {
		return 0 // never
	}
	return descend(n+1) + 1
}
