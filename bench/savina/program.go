package savina

import (
	"fmt"
	"strings"
)

// A Program is one of the suite.
type Program struct {
	Name string
	What string // in half a sentence
	N    int    // its size
	Less int    // its size for a quick look
	// Ops is how many messages (or actors, where they are what is measured) size n takes, for a figure per piece.
	Ops func(n int) int64
	// Answer is the right result for size n.
	Answer func(n int) int64
}

// Sizes that are the same for every n.
const (
	ForkJoinActors = 60    // of fork-join-throughput
	BigActors      = 120   // of big
	Creatures      = 100   // of chameneos
	Accounts       = 1000  // of bank
	Balance        = 10000 // at the start, of each account
	WaitingRoom    = 1000  // seats at the barber's
	HaircutWork    = 1000  // draws that a haircut takes at most; a customer's coming takes as many
	LocalPrimes    = 1000  // that one actor of the sieve keeps
	QueensWorkers  = 20
	QueensDepth    = 4 // rows that are placed by messages; the rest is computed by the worker
	SkynetFan      = 10
)

// Programs are all of them.
func Programs() []Program {
	return []Program{
		{"skynet", "a tree of actors, ten children each, whose leaves report their numbers up", 1_000_000, 10_000,
			func(n int) int64 { return int64(n) + int64(n)/9 }, func(n int) int64 { return int64(n) * int64(n-1) / 2 }},
		{"counting", "one actor counts what another sends", 3_000_000, 100_000, same, same},
		{"fork-join-throughput", "60 actors get n messages each from outside", 30_000, 1_000, forkJoin, forkJoin},
		{"fork-join-create", "n actors are made, get one message, and end", 200_000, 10_000, same, same},
		{"big", "120 actors send n pings each to one another at random", 10_000, 200,
			func(n int) int64 { return 2 * BigActors * int64(n) }, func(n int) int64 { return BigActors * int64(n) }},
		{"chameneos", "100 creatures meet in pairs n times in one place", 400_000, 10_000,
			func(n int) int64 { return 4 * int64(n) }, func(n int) int64 { return 2 * int64(n) }},
		{"bank", "one teller has n transfers done between 1,000 accounts", 400_000, 10_000,
			func(n int) int64 { return 4 * int64(n) }, same},
		{"barber", "n customers, one barber, and a waiting room", 10_000, 500,
			func(n int) int64 { return 6 * int64(n) }, same},
		{"sieve", "primes below n, found by a chain of actors", 200_000, 10_000,
			func(n int) int64 { return int64(n) / 2 }, primes},
		{"queens", "the solutions of the puzzle with n queens, by a master and 20 workers", 12, 8,
			queensMessages, func(n int) int64 { return Queens(n, nil) }},
	}
}

// Find returns the program of that name.
func Find(name string) (Program, error) {
	var names []string
	for _, p := range Programs() {
		if p.Name == name {
			return p, nil
		}
		names = append(names, p.Name)
	}
	return Program{}, fmt.Errorf("no program %q: there are %s", name, strings.Join(names, ", "))
}

func same(n int) int64     { return int64(n) }
func forkJoin(n int) int64 { return ForkJoinActors * int64(n) }

// primes counts the primes up to n in the plain way.
func primes(n int) (count int64) {
	composite := make([]bool, n+1)
	for i := 2; i <= n; i++ {
		if composite[i] {
			continue
		}
		count++
		for j := i * i; j <= n; j += i {
			composite[j] = true
		}
	}
	return count
}

// queensMessages is two for each piece of work that is handed out.
func queensMessages(n int) (count int64) {
	count = 2
	var walk func(board []int8)
	walk = func(board []int8) {
		if len(board) >= QueensDepth || len(board) == n {
			return
		}
		for _, next := range Places(n, board) {
			count += 2
			walk(next)
		}
	}
	walk(nil)
	return count
}
