//go:build unix

package wire

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
)

func pair(t *testing.T) (a, b *Conn) {
	t.Helper()
	a, theirs, err := Pair()
	if err != nil {
		t.Fatal(err)
	}
	if b, err = Open(theirs); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		a.Close()
		b.Close()
	})
	return a, b
}

func TestF2_FramesArriveInOrderWithTheirDescriptors(t *testing.T) {
	a, b := pair(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	long := strings.Repeat("x", 100_000)
	go func() {
		_ = a.Send(Ready, Note{"first"})
		_ = a.Send(Offer, Socket{ID: 7, Key: "k"}, int(w.Fd()))
		_ = a.Send(Failed, Note{long})
		_ = a.Send(Beat, struct{}{})
		w.Close()
		a.Close()
	}()
	for _, want := range []Kind{Ready, Offer, Failed, Beat} {
		f, err := b.Recv()
		if err != nil || f.Kind != want {
			t.Fatalf("frame %d, %v; want %d", f.Kind, err, want)
		}
		switch f.Kind {
		case Failed:
			var n Note
			if json.Unmarshal(f.Payload, &n) != nil || n.Text != long {
				t.Errorf("a long payload came as %d bytes", len(f.Payload))
			}
		case Offer:
			if len(f.FDs) != 1 {
				t.Fatalf("%d descriptors", len(f.FDs))
			}
			file := os.NewFile(uintptr(f.FDs[0]), "passed")
			if _, err := file.WriteString("through"); err != nil {
				t.Error(err)
			}
			file.Close()
		default:
			if len(f.FDs) != 0 {
				t.Errorf("frame %d has %d descriptors", f.Kind, len(f.FDs))
			}
		}
	}
	if _, err := b.Recv(); !errors.Is(err, io.EOF) {
		t.Errorf("after the end: %v", err)
	}
	text, err := io.ReadAll(r)
	if err != nil || string(text) != "through" {
		t.Errorf("through the descriptor came %q, %v", text, err)
	}
}

func TestF1_AFrameThatClaimsTooMuchEndsTheTalk(t *testing.T) {
	for _, head := range [][]byte{
		binary.BigEndian.AppendUint32(nil, Max+1),
		binary.BigEndian.AppendUint32(nil, 0xffffffff),
		{0, 0, 0, 0, 1, maxFDs + 1},
		{0, 0, 0, 0, 1, 1}, // a descriptor that does not come
	} {
		a, b := pair(t)
		head = append(head, make([]byte, header-min(header, len(head)))...)
		if _, err := a.sock.Write(head); err != nil {
			t.Fatal(err)
		}
		if f, err := b.Recv(); err == nil || errors.Is(err, io.EOF) {
			t.Errorf("%v was taken as %+v, %v", head, f, err)
		}
		if _, err := b.Recv(); err == nil {
			t.Error("the connection is still open")
		}
	}
}

func TestF1_SendRefusesWhatRecvWould(t *testing.T) {
	a, _ := pair(t)
	if err := a.Send(Failed, Note{strings.Repeat("x", Max)}); err == nil {
		t.Error("a payload that is too long was sent")
	}
	if err := a.Send(Offer, Socket{}, 0, 1, 2, 0, 1); err == nil {
		t.Error("too many descriptors were sent")
	}
}

func TestF1_OpenRefusesWhatIsNoSocket(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	w.Close()
	if _, err := Open(r); err == nil {
		t.Error("a pipe was taken for a socket")
	}
}
