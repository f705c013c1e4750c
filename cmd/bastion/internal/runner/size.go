package runner

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// A Size is a number of bytes as a flag: 512M, 1.5G, 800000. The letters K, M, G
// and T are powers of 1024, also when followed by B or iB.
type Size int64

var units = []struct {
	letter string
	bytes  float64
}{{"T", 1 << 40}, {"G", 1 << 30}, {"M", 1 << 20}, {"K", 1 << 10}}

// Set reads a size.
func (s *Size) Set(text string) error {
	number, scale := strings.ToUpper(strings.TrimSpace(text)), 1.0
	number = strings.TrimSuffix(strings.TrimSuffix(number, "B"), "I")
	for _, u := range units {
		if rest, ok := strings.CutSuffix(number, u.letter); ok {
			number, scale = rest, u.bytes
			break
		}
	}
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || math.IsNaN(n) {
		return fmt.Errorf("%q is no size; write 512M or 1.5G", text)
	}
	if n *= scale; n < 0 || n >= math.MaxInt64 {
		return fmt.Errorf("%q is out of range", text)
	}
	*s = Size(n)
	return nil
}

// String is the size in the largest unit that keeps it short.
func (s *Size) String() string {
	for _, u := range units {
		if n := float64(*s) / u.bytes; n >= 1 {
			return strconv.FormatFloat(n, 'g', 4, 64) + u.letter
		}
	}
	return strconv.FormatInt(int64(*s), 10)
}

// Type is what the help calls it.
func (s *Size) Type() string { return "size" }
