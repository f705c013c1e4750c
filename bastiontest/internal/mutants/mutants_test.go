package mutants

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// variable says which mutants are tried: "all", or a pattern of their names. Unset: none, because each is a build.
const variable = "BASTION_MUTANTS"

const root = "../../.."

// enough is how many mutants there must be at any time.
const enough = 12

// TestMutants_StandWhereTheyDid holds that enough of them still can be planted; each has to be when it is tried. Whoever
// changes such a line plants the same bug into what stands there now.
func TestMutants_StandWhereTheyDid(t *testing.T) {
	names, stand := map[string]bool{}, 0
	for _, m := range mutants {
		if names[m.name] {
			t.Errorf("two are called %s", m.name)
		}
		names[m.name] = true
		if _, err := m.planted(); err != nil {
			t.Log(err)
			continue
		}
		stand++
	}
	if stand < enough {
		t.Errorf("only %d mutants can be planted", stand)
	}
}

// planted is the text of the file with the bug.
func (m mutant) planted() (string, error) {
	text, err := os.ReadFile(filepath.Join(root, m.file))
	if err != nil {
		return "", err
	}
	if n := strings.Count(string(text), m.old); n != 1 {
		return "", fmt.Errorf("%s: what it changes stands %d times in %s:\n%s", m.name, n, m.file, m.old)
	}
	return strings.Replace(string(text), m.old, m.new, 1), nil
}

func TestMutants_AreFound(t *testing.T) {
	pattern := os.Getenv(variable)
	if pattern == "" {
		t.Skip(variable + " says which to try")
	}
	if pattern == "all" {
		pattern = "."
	}
	chosen := regexp.MustCompile(pattern)
	tried := 0
	for _, m := range mutants {
		if !chosen.MatchString(m.name) {
			continue
		}
		tried++
		t.Run(m.name, func(t *testing.T) { m.find(t) })
	}
	if tried == 0 {
		t.Errorf("no mutant is called like %q", pattern)
	}
}

// find runs the properties with the mutant.
func (m mutant) find(t *testing.T) {
	dir := t.TempDir()
	text, err := m.planted()
	if err != nil {
		t.Fatal(err)
	}
	file, err := filepath.Abs(filepath.Join(root, m.file))
	if err != nil {
		t.Fatal(err)
	}
	changed, overlay := filepath.Join(dir, "planted.go"), filepath.Join(dir, "overlay.json")
	table, err := json.Marshal(map[string]map[string]string{"Replace": {file: changed}})
	if err != nil {
		t.Fatal(err)
	}
	for path, content := range map[string]string{changed: text, overlay: string(table)} {
		if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "go", "test", "-overlay", overlay, "-vet=off", "-count=1", "-timeout=5m", "-run", "^TestProperty_", ".")
	cmd.Env = append(os.Environ(), variable+"=", fmt.Sprint("BASTION_SEEDS=", m.within))
	out, err := cmd.CombinedOutput()
	found := seeds(string(out))
	switch {
	case err == nil:
		t.Errorf("no property fails within %d seeds", m.within)
	case len(found) == 0:
		t.Fatalf("it does not build, or fails otherwise:\n%s", out)
	}
	t.Logf("found by %s", strings.Join(found, ", "))
}

var (
	failed = regexp.MustCompile(`(?m)^ *--- FAIL: (TestProperty_\w+)`)
	seed   = regexp.MustCompile(`bastiontest: seed (0x[0-9a-f]+) `)
)

// seeds says which properties have failed, and the smallest number of seeds that one of them needed.
func seeds(out string) (found []string) {
	least := -1
	for _, s := range seed.FindAllStringSubmatch(out, -1) {
		n, err := strconv.ParseInt(s[1], 0, 64)
		if err == nil && (least < 0 || int(n) < least) {
			least = int(n)
		}
	}
	if least < 0 {
		return nil
	}
	seen := map[string]bool{}
	for _, f := range failed.FindAllStringSubmatch(out, -1) {
		if !seen[f[1]] {
			seen[f[1]] = true
			found = append(found, f[1])
		}
	}
	return append(found, fmt.Sprintf("%d seeds", least+1))
}
