package savina

import "math"

// A Random is the generator of the suite's programs: the same numbers everywhere, in Erlang, too.
type Random uint64

// Next draws from [0, n).
func (r *Random) Next(n int) int {
	*r = (*r*1309 + 13849) & 65535
	return int(*r) % n
}

// Compute is the work that a message of fork-join stands for.
func Compute(theta float64) float64 {
	sin := math.Sin(theta)
	return sin * sin
}

// Busy draws so many numbers, which is how long a haircut takes, and how long until the next customer comes.
func Busy(r *Random, limit int) (sum int) {
	for range r.Next(limit) + 10 {
		sum += r.Next(1 << 15)
	}
	return sum
}

// Divides reports whether one of the primes divides candidate.
func Divides(primes []int, candidate int) bool {
	for _, p := range primes {
		if candidate%p == 0 {
			return true
		}
	}
	return false
}

// Places are the boards of n columns with one row more than board, whose queens do not attack one another.
func Places(n int, board []int8) (boards [][]int8) {
	row := len(board)
	for column := range int8(n) {
		if free(board, column) {
			next := make([]int8, row+1)
			copy(next, board)
			next[row] = column
			boards = append(boards, next)
		}
	}
	return boards
}

func free(board []int8, column int8) bool {
	row := len(board)
	for r, c := range board {
		if d := int8(row - r); c == column || c == column+d || c == column-d {
			return false
		}
	}
	return true
}

// Queens counts the solutions that begin with board.
func Queens(n int, board []int8) (count int64) {
	all := make([]int8, len(board), n)
	copy(all, board)
	return queens(n, all)
}

func queens(n int, board []int8) (count int64) {
	if len(board) == n {
		return 1
	}
	for column := range int8(n) {
		if free(board, column) {
			count += queens(n, append(board, column))
		}
	}
	return count
}
