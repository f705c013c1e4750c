//go:build unix

package wire

import "testing"

// Whatever the other end writes, Recv returns frames within the bounds, and then an error.
func FuzzRecv(f *testing.F) {
	f.Add([]byte{0, 0, 0, 2, 3, 0, '{', '}'})
	f.Add([]byte{0, 0, 0, 2, 9, 1, '{', '}', 0, 0, 0, 0, 1, 0})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 1, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		data = data[:min(len(data), 32<<10)] // what fits into the socket without a reader
		a, b := pair(t)
		if _, err := a.sock.Write(data); err != nil {
			t.Fatal(err)
		}
		a.Close()
		for total := 0; ; {
			frame, err := b.Recv()
			if err != nil {
				break
			}
			if total += header + len(frame.Payload); total > len(data) || len(frame.FDs) > 0 {
				t.Fatalf("%d bytes and %d descriptors out of %d bytes", total, len(frame.FDs), len(data))
			}
		}
		if _, err := b.Recv(); err == nil {
			t.Fatal("a frame after an error")
		}
	})
}
