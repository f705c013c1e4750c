package bastion

import (
	"testing"
	"unsafe"
)

// TestProcessLines holds the layout that process promises.
func TestProcessLines(t *testing.T) {
	const line = 64
	if unsafe.Sizeof(uintptr(0)) != 8 {
		return // words of half the size: another layout, of which nothing is promised
	}
	var p process
	if size := unsafe.Sizeof(p); size != 3*line {
		t.Errorf("a process is %d bytes", size)
	}
	// head is the box's last word.
	if at := unsafe.Offsetof(p.box) + unsafe.Sizeof(p.box) - unsafe.Sizeof(uintptr(0)); at != line {
		t.Errorf("the head of the box is at %d", at)
	}
	heap := make([]*process, 100) // a slice, so that they are not on the stack
	for i := range heap {
		heap[i] = new(process)
		if at := uintptr(unsafe.Pointer(heap[i])) % line; at != 0 {
			t.Fatalf("a process begins %d bytes behind the border of a line", at)
		}
	}
}
