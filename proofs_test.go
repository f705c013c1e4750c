package bastion_test

import (
	"regexp"
	"strings"
	"testing"
)

// simulated are the contracts that are held as properties of simulated runs.
var simulated = regexp.MustCompile(`^(D\d+|L[1-7]|L10|S\d+|O\d+)$`)

// docs/proofs.md has a row for every numbered contract, with tests that are there, and all simulations.
func TestHouseProofs(t *testing.T) {
	tests := testNames(t)
	page := read(t, "docs/proofs.md")
	rows := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^\| ([A-Z]\d+) \|(.*)$`).FindAllStringSubmatch(page, -1) {
		rows[m[1]] = m[2]
	}
	for _, m := range regexp.MustCompile(`(?m)^\| ([A-Z]\d+) \|(.*)$`).FindAllStringSubmatch(read(t, "docs/contracts.md"), -1) {
		number, row := m[1], rows[m[1]]
		switch {
		case strings.Contains(m[2], "*(planned)*") && row == "":
		case !strings.Contains(row, "`Test"):
			t.Errorf("no test of %s is on the page", number)
		case simulated.MatchString(number) && !strings.Contains(row, "`TestSim_"+number+"_"):
			t.Errorf("no simulation of %s is on the page", number)
		}
	}
	named := regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(page, -1)
	for _, m := range named {
		if !tests[m[1]] {
			t.Errorf("there is no %s", m[1])
		}
	}
	for number, row := range rows {
		for _, m := range regexp.MustCompile("`Test(?:Sim_)?([A-Z]\\d+)_").FindAllStringSubmatch(row, -1) {
			if m[1] != number {
				t.Errorf("in the row of %s stands a test of %s", number, m[1])
			}
		}
	}
	for name := range tests {
		if strings.HasPrefix(name, "TestSim_") && !strings.Contains(page, "`"+name+"`") {
			t.Errorf("%s is not on the page", name)
		}
	}
}
