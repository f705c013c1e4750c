// Package topology describes what a machine's processors share, and answers the two questions that a scheduler asks
// of it: which domain does worker i belong to, and in which order should a domain look for work elsewhere.
//
// # Use
//
// [Local] describes this machine as far as this program may use it: without the CPUs that are offline or outside its
// affinity mask and cpuset. [Read] does the same from any copy of a sys and proc folder. What could not be read is
// assumed to be as simple as can be, in the end flat, and stands in Topology.Notes.
//
// [Topology] is plain data: packages, cores, CPUs, caches, memory nodes and the distances between them. It can also be
// written by hand (tests do), or made by [Flat] when nothing is known. [Place] and the methods of [Placement] are pure
// functions of it: no file, no clock, no randomness, so that the order of theft on a machine one does not have can be
// tested as a table.
//
// # Domains
//
// A [Domain] is a set of CPUs that share their last cache and their memory node. Inside one it hardly matters who runs
// a task; between two of them the task's memory travels. Workers of a domain therefore share one injection queue, and
// look into other domains last, the near before the far.
//
// # Callers
//
// Every function is safe for concurrent use as long as nobody changes the Topology meanwhile.
package topology
