// Package proto has the programs of the suite on protoactor-go, as the package ours has them on Bastion: the same actors,
// the same messages, spawned and sent in the way that is usual there (Spawn, Send, Stop of oneself), with its defaults.
//
// How to use it: Programs[name](n) runs one and returns its result. All runs share one actor system, which is quiet but for
// them and is never stopped. What is ordered and what may be lost is what protoactor-go promises. One run at a time, from any
// goroutine.
package proto
