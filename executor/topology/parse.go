package topology

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// What the kernel's small files hold, read without trust: an error says "holds …" and quotes a little of it.

// parseID reads one number of a package: -1 is Linux's "not known".
func parseID(text string) (int, error) {
	text = strings.TrimSpace(text)
	if text == "-1" {
		return 0, errors.New("holds -1, which means not known")
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > math.MaxInt32 {
		return 0, fmt.Errorf("holds %q instead of a number", clip(text))
	}
	return n, nil
}

// parseSize reads a cache's size, "32768K". Linux always writes K; hypervisors' and firmware's copies are not sure to.
func parseSize(text string) (int64, error) {
	text = strings.TrimSpace(text)
	digits, unit := strings.TrimRight(text, "KMG"), int64(1)
	switch text[len(digits):] {
	case "":
	case "K":
		unit = 1 << 10
	case "M":
		unit = 1 << 20
	case "G":
		unit = 1 << 30
	default:
		return 0, fmt.Errorf("holds %q instead of a size", clip(text))
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64/unit {
		return 0, fmt.Errorf("holds %q instead of a size", clip(text))
	}
	return n * unit, nil
}

// parseKind reads a cache's type.
func parseKind(text string) (CacheKind, error) {
	switch text = strings.TrimSpace(text); text {
	case "Unified":
		return Unified, nil
	case "Data":
		return Data, nil
	case "Instruction":
		return Instruction, nil
	}
	return 0, fmt.Errorf("holds %q instead of a kind of cache", clip(text))
}

// parseDistances reads a node's row, one distance for each of n nodes. 10 is near and 255 unreachable, by ACPI; other
// firmware has other numbers, so all positive ones that are not absurd will do.
func parseDistances(text string, n int) ([]int, error) {
	words := strings.Fields(text)
	if len(words) != n {
		return nil, fmt.Errorf("holds %d distances for %d nodes", len(words), n)
	}
	row := make([]int, n)
	for i, word := range words {
		d, err := strconv.Atoi(word)
		if err != nil || d < 1 || d > math.MaxUint16 {
			return nil, fmt.Errorf("holds %q instead of a distance", clip(word))
		}
		row[i] = d
	}
	return row, nil
}

// parseMemTotal finds the total in a node's meminfo ("Node 0 MemTotal: 1024 kB") or in the machine's, in bytes.
func parseMemTotal(text string) (int64, error) {
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		for i, word := range words {
			if word != "MemTotal:" || i+1 == len(words) {
				continue
			}
			n, err := strconv.ParseInt(words[i+1], 10, 64)
			if err != nil || n < 0 || n > math.MaxInt64/1024 {
				return 0, fmt.Errorf("holds %q instead of an amount of memory", clip(words[i+1]))
			}
			return n * 1024, nil
		}
	}
	return 0, errors.New("does not hold MemTotal")
}

// parseStatus returns a field of /proc/self/status that is a list. The kernel puts every CPU it could ever have into
// such a list, not only those that are there.
func parseStatus(text, field string) ([]int, error) {
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(line, field+":"); ok {
			return parseList(value)
		}
	}
	return nil, fmt.Errorf("does not hold %s", field)
}

// parseStat returns the CPUs of /proc/stat, which has a line for each that is online.
func parseStat(text string) ([]int, error) {
	var cpus []string
	for line := range strings.Lines(text) {
		word, _, _ := strings.Cut(line, " ")
		if id, ok := strings.CutPrefix(word, "cpu"); ok && id != "" {
			cpus = append(cpus, id)
		}
	}
	return parseList(strings.Join(cpus, ","))
}

// parseList is ParseCPUs for a file that must name somebody.
func parseList(text string) ([]int, error) {
	cpus, err := ParseCPUs(text)
	if err != nil || len(cpus) == 0 {
		return nil, fmt.Errorf("holds %q instead of a list of numbers", clip(strings.TrimSpace(text)))
	}
	return cpus, nil
}
