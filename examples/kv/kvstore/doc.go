// Package kvstore is a key-value store on a TCP socket, built from Bastion's public API alone: the first example, and the
// very code that `bastion demo` puts under load and fails on purpose. The processes are service.go, under 200 lines;
// protocol.go is what they understand.
//
// # Use
//
// Make a [Service] with a listening socket and hand its Spec to a system:
//
//	err := bastion.Run(ctx, bastion.Config{}, (&kvstore.Service{Socket: socket}).Spec())
//
// Then talk to it, for instance with nc: one line in, one line out. HELP lists the commands.
//
// # Processes
//
//	kv            one for one
//	├── auditor       loop; watches the dead letters
//	├── shards        a group of handlers; each owns the keys that hash to it
//	├── connections   a group of loops, one per client, temporary: nobody can restart a client
//	└── listener      loop; accepts, and spawns a connection for each client
//
// They start from the top and stop from the bottom: first nobody new is let in, then the clients are sent away, and the
// data goes last.
//
// # What may be lost
//
// A shard keeps its keys in memory of its own incarnation. When it fails they are gone, and nothing else is: the other
// shards, the clients and the socket do not notice. Answers carry the number of the incarnation that gave them, so that a
// client can tell a key that was lost in a crash from one that was lost by mistake.
//
// A command that is answered with ERR may have been carried out or may still be, if it was sent before the shard hung. On
// one connection commands to one key take effect in the order in which they were sent.
//
// # Blocking
//
// A client that sends nothing, or does not read, holds one connection process and nothing else. A shard that hangs costs
// its askers the Timeout of the Service each.
package kvstore
