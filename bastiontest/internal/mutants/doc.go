// Package mutants is only tests: it plants bugs into the runtime, one after the other, and wants simulation to find each
// within a stated number of seeds. A kit that finds nothing is worth something only if it would have found these.
//
// A mutant is one small change of one file. It is used by building the tests with that file in place of the real one (go
// test -overlay), so that nothing in the tree is ever changed and nothing can be lost. The tests named TestProperty… are
// the contracts as programs in simulation; they pass here, in whatever order, and at least one of them must fail with a
// mutant.
//
// To use it: `make mutants`, or BASTION_MUTANTS=all (or a pattern of their names) and go test -run TestMutants. Its callers
// are those two. It runs one go command at a time, on the goroutine of the test, and ends with them.
package mutants
