// Package relaxed holds words that one goroutine writes and any goroutine reads, without the price of an atomic store.
//
// # The problem
//
// A worker counts what it does, and others look while it does it. [sync/atomic.Uint64.Store] is an XCHG on amd64:
// 5.3 ns, a third of a whole hop through the executor, because sync/atomic promises one total order of all its
// operations. A counter needs no order at all, and a published pointer needs only that what it points to is seen.
//
// # What is promised
//
//   - One writer. Two goroutines may write one after the other (a worker's structures outlive its goroutine) when
//     something else orders them: a mutex, a channel, a go statement.
//   - Uint64: Load returns a value that was really stored, never a torn one, and never an older one than this reader
//     saw before. It orders nothing else.
//   - Pointer: as Uint64, and whoever Loads a pointer sees everything its writer wrote before storing it.
//   - A Store followed by a Load of another variable is NOT ordered: it may sit in the store buffer meanwhile. Whoever
//     needs "store mine, then look at yours" (Dekker) must use sync/atomic, or be repaired by somebody who looks again
//     later.
//
// # Why it is right
//
// On amd64 and arm64 an aligned 64-bit store is a single access, so no reader sees half of it; the Go memory model
// binds the compiler to the same ("reads of memory locations no larger than a machine word must observe a value
// actually written"), and gc neither invents stores nor moves a store over a call. Loads go through sync/atomic, so
// no reader's loop is optimised into a single look. amd64 keeps stores in program order, which gives Pointer its
// promise there; arm64 does not, so there Pointer.Store is the atomic store (an STLR, and cheap).
//
// With the race detector, and on all other architectures, everything is sync/atomic: the detector then sees no race,
// and checks the rest of the program against the order that these words really give it.
package relaxed
