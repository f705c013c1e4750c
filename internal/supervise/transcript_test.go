package supervise

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the transcripts in testdata; read the difference before you commit it")

// TestTranscripts plays the scripts in testdata. A file is a comment that names the contract, then blocks: commands,
// a line "----", and what the Machine decided, up to an empty line.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d transcripts, %v", len(files), err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txt"), func(t *testing.T) {
			in, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(string(in), "# ") {
				t.Errorf("%s does not begin with a comment that names its contract", f)
			}
			got := play(t, string(in))
			if got == string(in) {
				return
			}
			if !*update {
				t.Fatalf("%s (rewrite with -update); now:\n%s", f, got)
			}
			if err := os.WriteFile(f, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// play runs a transcript and returns it with the decisions it leads to now.
func play(t *testing.T, in string) string {
	t.Helper()
	s := newScript()
	var out strings.Builder
	for block := range strings.SplitSeq(strings.TrimSpace(in), "\n\n") {
		if out.Len() > 0 {
			out.WriteString("\n")
		}
		commands, _, _ := strings.Cut(block, "\n----")
		s.out = s.out[:0]
		comment := true
		for line := range strings.Lines(commands) {
			line = strings.TrimRight(line, "\n")
			out.WriteString(line + "\n")
			if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
				continue
			}
			comment = false
			if err := s.run(line); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
		}
		if comment {
			continue // a block of comments has no decisions
		}
		out.WriteString("----\n")
		if len(s.out) == 0 {
			out.WriteString("(nothing)\n")
		}
		for _, line := range s.out {
			out.WriteString(line + "\n")
		}
	}
	return out.String()
}
