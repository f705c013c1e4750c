package bastiontest

import (
	"fmt"
	"strconv"
	"strings"
)

// A token is what a failing run prints and -bastion.seed takes: the seed alone, or with how its schedule was chosen, for
// about how many choices, and the fingerprint of what it did, as in 0x2a.pct:3.512.9f3a2c11.
type token struct {
	seed     uint64
	strategy string // "": that of the Options
	length   int
	print    fingerprint
	printed  bool // print counts
}

func (k token) String() string {
	return fmt.Sprintf("%#x.%s.%d.%08x", k.seed, k.strategy, k.length, uint32(k.print))
}

func parseToken(text string) (*token, error) {
	parts := strings.Split(text, ".")
	k := &token{}
	var err error
	if k.seed, err = strconv.ParseUint(parts[0], 0, 64); err != nil {
		return nil, fmt.Errorf("%q is not a seed", text)
	}
	if len(parts) == 1 {
		return k, nil
	}
	if len(parts) != 4 {
		return nil, fmt.Errorf("%q is not a seed as it is printed: seed.strategy.length.fingerprint", text)
	}
	k.strategy = parts[1]
	if k.length, err = strconv.Atoi(parts[2]); err != nil || k.length < 0 {
		return nil, fmt.Errorf("%q: %q is not a length", text, parts[2])
	}
	if k.print, err = parsePrint(parts[3]); err != nil {
		return nil, fmt.Errorf("%q: %w", text, err)
	}
	k.printed = true
	return k, nil
}

func parsePrint(text string) (fingerprint, error) {
	n, err := strconv.ParseUint(text, 16, 32)
	if err != nil {
		return 0, fmt.Errorf("%q is not a fingerprint", text)
	}
	return fingerprint(n), nil
}
