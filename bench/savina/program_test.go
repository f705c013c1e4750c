package savina

import "testing"

// The answers against figures that others have published.
func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		name string
		n    int
		want int64
	}{
		{"skynet", 1_000_000, 499_999_500_000},
		{"sieve", 100_000, 9_592},
		{"queens", 8, 92},
		{"queens", 10, 724},
		{"chameneos", 5, 10},
	} {
		p, err := Find(c.name)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Answer(c.n); got != c.want {
			t.Errorf("%s of %d: %d, want %d", c.name, c.n, got, c.want)
		}
	}
	if _, err := Find("tetris"); err == nil {
		t.Error("found tetris")
	}
}
