//go:build unix

package fort_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

func TestF1_CrashReportsRotate(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "made", "by", "the", "fort")
	r := begin(t, "tidy", crashVar+"="+dir)
	_, pid := r.serving()
	var foreign []string
	for i := range 6 {
		_ = syscall.Kill(pid, syscall.SIGKILL)
		_, pid = r.serving()
		if i > 0 {
			continue
		}
		name, _, _ := strings.Cut(filepath.Base(r.last().File), "-") // and one whose name begins with that
		for _, base := range []string{"notes.txt", name + "-2-20200101T000000.000-0-1.crash.txt"} {
			foreign = append(foreign, filepath.Join(dir, base))
			if err := os.WriteFile(foreign[len(foreign)-1], nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.crash.txt"))
	files = slices.DeleteFunc(files, func(file string) bool { return slices.Contains(foreign, file) })
	if err != nil || len(files) != 3 {
		t.Errorf("%d reports are kept, want 3: %v", len(files), files)
	}
	if last := r.last(); len(files) > 0 && last.File != files[len(files)-1] {
		t.Errorf("the newest is %s, want %s", files[len(files)-1], last.File)
	}
	for _, file := range foreign {
		if _, err := os.Stat(file); err != nil {
			t.Error("somebody else's file is gone:", err)
		}
	}
}

func TestF1_ACrashDirThatCannotBeWrittenIsSaidOnce(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r := begin(t, "server", crashVar+"="+filepath.Join(file, "crashes")) // a folder in a file: nobody can make that
	_, pid := r.serving()
	for range 3 {
		_ = syscall.Kill(pid, syscall.SIGKILL)
		_, pid = r.serving()
	}
	if crash := r.last(); crash.File != "" || crash.Reason != "ended by SIGKILL" {
		t.Errorf("the report is %+v", crash)
	}
	if n := strings.Count(r.stderr(), "CrashDir cannot be written to"); n != 1 {
		t.Errorf("said %d times:\n%s", n, r.stderr())
	}
}
