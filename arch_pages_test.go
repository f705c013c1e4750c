package bastion_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The code in the README is code that runs: it stands to the letter in the first Example.
func TestHouseReadme(t *testing.T) {
	readme, example := read(t, "README.md"), read(t, "example_test.go")
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(readme, -1)
	if len(blocks) == 0 {
		t.Error("README.md shows no code")
	}
	for _, b := range blocks {
		if !strings.Contains(example, b[1]) {
			t.Errorf("this code of README.md is not in example_test.go:\n%s", b[1])
		}
	}
}

// So is the code in the guide that names its Example.
func TestHouseGuide(t *testing.T) {
	names, err := filepath.Glob("example_*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	below, err := filepath.Glob("*/example*_test.go") // of the packages on top of the root
	if err != nil {
		t.Fatal(err)
	}
	examples := ""
	for _, name := range append(names, below...) {
		examples += read(t, name)
	}
	pages, err := filepath.Glob("docs/guide/*.md")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	block := regexp.MustCompile("(?s)```go\n([^`]*)```\n\n\\([^\n]*`(Example\\w*)`")
	for _, page := range pages {
		for _, b := range block.FindAllStringSubmatch(read(t, page), -1) {
			found++
			if !strings.Contains(examples, b[1]) || !strings.Contains(examples, "func "+b[2]+"()") {
				t.Errorf("%s: this code is not in %s, or that is not there:\n%s", page, b[2], b[1])
			}
		}
	}
	if found == 0 {
		t.Error("the guide shows no code")
	}
}

// Links within the tree lead somewhere.
func TestHouseLinks(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#\s]+)`)
	code := regexp.MustCompile("(?s)```.*?```") // in which a]( is Go
	err := filepath.WalkDir(".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(p) != ".md" {
			return err
		}
		for _, m := range link.FindAllStringSubmatch(code.ReplaceAllString(read(t, p), ""), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(p), filepath.FromSlash(m[1]))); err != nil {
				t.Errorf("%s links to %s, which is not there", p, m[1])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
