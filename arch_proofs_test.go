package bastion_test

import (
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	proofRow    = regexp.MustCompile(`(?m)^\| ([A-Z]\d+) \| (.*?) \| (.*) \|$`)
	contractRow = regexp.MustCompile(`(?m)^\| ([A-Z]\d+) \| (.*) \|$`)
	testNamed   = regexp.MustCompile("`((?:Test|Example)\\w*)`")
	testFunc    = regexp.MustCompile(`(?m)^func ((?:Test|Example)\w*)\(`)
	// A sentence ends with a full stop before a capital, which may stand in marks.
	sentenceEnd = regexp.MustCompile(`[.)] (?:\+ )?(?:\*\*)?[A-Z]` + "|[.)] `[A-Z]")
)

// TestHouseProofsOfSupervision holds docs/proofs-supervision.md to the contracts: the words of each row stand in that contract, each sentence of the
// contracts that the page is about has a row, and the tests that it names exist.
func TestHouseProofsOfSupervision(t *testing.T) {
	page, tests := read(t, "docs/proofs-supervision.md"), testNames(t)
	contracts, proven := map[string]string{}, map[string][]string{}
	for _, m := range contractRow.FindAllStringSubmatch(read(t, "docs/contracts.md"), -1) {
		contracts[m[1]] = m[2]
	}
	letters := ""
	for _, m := range proofRow.FindAllStringSubmatch(page, -1) {
		number, words := m[1], m[2]
		if !strings.Contains(contracts[number], words) {
			t.Errorf("%s does not say %q", number, words)
		}
		if len(testNamed.FindAllString(m[3], -1)) == 0 {
			t.Errorf("%s, %q: no test", number, words)
		}
		proven[number] = append(proven[number], words)
		letters += number[:1]
	}
	for number, text := range contracts {
		if !strings.Contains(letters, number[:1]) {
			continue
		}
		for _, s := range sentences(text) {
			if !containsAny(s, proven[number]) {
				t.Errorf("%s: no row for %q", number, s)
			}
		}
	}
	for _, m := range testNamed.FindAllStringSubmatch(page, -1) {
		if !tests[m[1]] {
			t.Errorf("there is no %s", m[1])
		}
	}
}

// sentences are those of a contract; a heading of one or two words belongs to the next.
func sentences(text string) (all []string) {
	for start, rest := 0, text; ; {
		at := sentenceEnd.FindStringIndex(rest[start:])
		if at == nil {
			return append(all, rest)
		}
		end := start + at[0] + 1
		if strings.Count(rest[:end], " ") < 3 {
			start = end
			continue
		}
		all, rest, start = append(all, rest[:end]), rest[end:], 0
	}
}

func containsAny(s string, words []string) bool {
	for _, w := range words {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}

// testNames are all tests and examples of the repository.
func testNames(t *testing.T) map[string]bool {
	names := map[string]bool{}
	err := filepath.WalkDir(".", func(p string, _ fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(p, "_test.go") {
			for _, m := range testFunc.FindAllStringSubmatch(read(t, p), -1) {
				names[m[1]] = true
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
