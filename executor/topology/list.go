package topology

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// maxNumber bounds the numbers of CPUs and nodes that are believed: twice what Linux can be built for. A list is a few
// bytes that may ask for any amount of memory.
const maxNumber = 1 << 14

// ParseCPUs reads a list of CPUs (or memory nodes) as Linux writes it, "0-3,8", and returns their numbers in ascending
// order, each once. White space around the list does not count; an empty list is nil. Numbers from 16,384 on are an
// error, as is a list that names more than that.
func ParseCPUs(list string) ([]int, error) {
	list = strings.TrimSpace(list)
	if list == "" {
		return nil, nil
	}
	var cpus []int
	for part := range strings.SplitSeq(list, ",") {
		low, high, isRange := strings.Cut(part, "-")
		first, err := parseNumber(low)
		if err != nil {
			return nil, fmt.Errorf("topology: list of CPUs: %w", err)
		}
		last := first
		if isRange {
			if last, err = parseNumber(high); err != nil {
				return nil, fmt.Errorf("topology: list of CPUs: %w", err)
			}
		}
		switch {
		case last < first:
			return nil, fmt.Errorf("topology: list of CPUs: %q runs backwards", part)
		case len(cpus)+last-first >= maxNumber:
			return nil, fmt.Errorf("topology: list of CPUs: more than %d", maxNumber)
		}
		for n := first; n <= last; n++ {
			cpus = append(cpus, n)
		}
	}
	slices.Sort(cpus)
	return slices.Compact(cpus), nil
}

// parseNumber reads digits only: strconv's signs and underscores are in no list of the kernel's.
func parseNumber(s string) (int, error) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, fmt.Errorf("%q is no number", clip(s))
	}
	n, err := strconv.Atoi(s)
	if err != nil || n >= maxNumber {
		return 0, fmt.Errorf("%q is too large", clip(s))
	}
	return n, nil
}

// FormatCPUs writes numbers the way Linux does, "0-3,8"; the order and doubles in cpus do not matter, and it is left
// as it is. It is the inverse of [ParseCPUs].
func FormatCPUs(cpus []int) string {
	cpus = slices.Compact(slices.Sorted(slices.Values(cpus)))
	var b strings.Builder
	for i := 0; i < len(cpus); {
		end := i
		for end+1 < len(cpus) && cpus[end+1] == cpus[end]+1 {
			end++
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.Itoa(cpus[i]))
		if end > i {
			b.WriteByte('-')
			b.WriteString(strconv.Itoa(cpus[end]))
		}
		i = end + 1
	}
	return b.String()
}

// clip shortens what a note quotes: a file may hold anything.
func clip(s string) string {
	const enough = 40
	if len(s) > enough {
		return s[:enough] + "…"
	}
	return s
}
