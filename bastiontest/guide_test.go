package bastiontest_test

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// TestGuide_ABugIsFoundByCopying does what the guide's page on testing tells its readers to do: it runs the program that
// stands there, and then what that prints.
func TestGuide_ABugIsFoundByCopying(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command here, which readers of the page have")
	}
	page, err := os.ReadFile("../docs/guide/testing.md")
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile("testdata/guide/bank/bank_test.go")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), "```go\n"+string(program)+"```") {
		t.Error("the program in the page is not the one in testdata/guide/bank/bank_test.go")
	}
	out := guided(t, "bank")
	for _, flag := range []string{"seed", "schedule"} {
		again := regexp.MustCompile(`go test -run '\^TestBank\$' (-bastion.` + flag + `=\S+)`).FindStringSubmatch(out)
		if again == nil {
			t.Fatalf("it prints no %s:\n%s", flag, out)
		}
		if out := guided(t, "bank", again[1]); !strings.Contains(out, "the account has") || strings.Contains(out, "no longer fits") {
			t.Errorf("%s:\n%s", again[1], out)
		}
	}
	if out := guided(t, "mended", "-bastion.seeds=1000"); !strings.HasPrefix(out, "ok") {
		t.Errorf("mended:\n%s", out)
	}
}

// guided runs a program of the guide.
func guided(t *testing.T, name string, flags ...string) string {
	t.Helper()
	args := append([]string{"test", "-count=1", "./testdata/guide/" + name}, flags...)
	out, _ := exec.CommandContext(t.Context(), "go", args...).CombinedOutput()
	return string(out)
}
