// Package mutants is only tests: it plants bugs into the runtime, one after the other, and wants simulation to find each
// within a stated number of seeds. A kit that finds nothing is worth something only if it would have found these.
//
// A mutant is one small change of one file. It is used by building the tests with that file in place of the real one (go
// test -overlay), so that nothing in the tree is ever changed and nothing can be lost. The tests named TestProperty… are
// the contracts as programs in simulation; they pass here, in the order in which go test runs them, and at least one of
// them must fail with a mutant. Callers are go test and `make mutants` alone. A run ends with the go commands that it has
// started, one at a time.
package mutants
