//go:build amd64 && !race

package relaxed

import (
	"sync/atomic"
	"unsafe"
)

// Pointer is a *T with one writer. Its zero value is nil. It must not be copied after first use.
//
// Others may still empty it by Swap or CompareAndSwap; the writer must then know that a Store into a Pointer it saw
// empty is the only thing that can happen to it (only the writer fills).
type Pointer[T any] struct {
	_ noCopy
	v *T
}

func (p *Pointer[T]) at() *unsafe.Pointer { return (*unsafe.Pointer)(unsafe.Pointer(&p.v)) }

// Load returns the pointer. Any goroutine may call it.
func (p *Pointer[T]) Load() *T { return (*T)(atomic.LoadPointer(p.at())) }

// Store sets the pointer. Only the one writer may call it.
func (p *Pointer[T]) Store(v *T) { p.v = v }

// Swap sets the pointer and returns what it was: fully ordered, as in sync/atomic.
func (p *Pointer[T]) Swap(v *T) *T { return (*T)(atomic.SwapPointer(p.at(), unsafe.Pointer(v))) }

// CompareAndSwap sets the pointer if it was old: fully ordered, as in sync/atomic.
func (p *Pointer[T]) CompareAndSwap(old, v *T) bool {
	return atomic.CompareAndSwapPointer(p.at(), unsafe.Pointer(old), unsafe.Pointer(v))
}
