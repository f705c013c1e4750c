package bastion

import "testing"

type armedQuestion struct {
	Returns[string]
	a, b int
}

// TestArmed pins what armed assumes of interfaces: the message is an ordinary
// value of the question's type, with everything in it.
func TestArmed(t *testing.T) {
	q := &question{}
	msg := armed[string](armedQuestion{a: 1, b: 2}, q, 7)
	m, ok := msg.(armedQuestion)
	if !ok {
		t.Fatalf("got a %T", msg)
	}
	if m.a != 1 || m.b != 2 || m.q != q || m.gen != 7 {
		t.Fatalf("got %+v", m)
	}
}
