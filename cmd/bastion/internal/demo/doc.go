// Package demo runs the key-value service of examples/kv under load, fails its processes at random, and checks what the
// clients see. It is `bastion demo` without the command line.
//
// # Use
//
// Run does all of it and returns a Report; a View shows what goes on meanwhile. Run returns when the time is over, when so
// many requests are answered, or when Quit is closed; when its context ends it kills everything and checks nothing.
//
// # What is checked
//
// Every client owns its keys, so it knows what each must hold. An answer names the incarnation (the life) of the shard
// that gave it. A write that was answered in some life must be seen by every later read in that life; a read in a later
// life must find nothing, because a shard keeps nothing across a crash; and no answer may come from an earlier life than
// one before it. So lost writes, stale reads, messages handled twice and incarnations that outlive their successor show.
//
// A write that was not answered may or may not have happened. Until an answer tells, the client holds both for possible;
// if its connection is lost before that, it never uses the key again, because nothing orders what two connections send.
//
// At the end, with the system at rest, every key is read back, the lives are compared with the inspector's, each failure
// that calls for a restart must have had one, and the books must balance to the message: before the system stops, and
// after.
//
// # Who owns what
//
// Run owns every goroutine here and returns after the last has ended. What is counted while the clients run is atomic; the
// ledger of a client belongs to its goroutine.
package demo
