// Command bastion shows and measures the Bastion runtime.
//
// # Use
//
//	bastion demo      a key-value service under load, while processes are failed at random; ends with a checked report
//	bastion bench     what the runtime costs, beside baselines of the same run
//	bastion topology  this machine as boxes: packages, memory nodes, caches, cores, and which worker belongs where
//	bastion version   what this binary was built from
//
// Every verb has a file of its own here that knows its flags; what it does is in a package below internal. The verbs are
// clients of the public API, as any program is.
//
// # Exit status
//
// 0: done, and every check held. 1: it failed, or a check did. 2: it was called the wrong way, and nothing was started.
package main
