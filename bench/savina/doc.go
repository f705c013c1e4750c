// Package savina is what the programs of the Savina suite have in common, whoever runs them: their names, their sizes, and
// the right answer for each size. The programs themselves are in the packages beside it, one for each engine, and in one
// Erlang module; all are written from the suite's published descriptions (Shams Imam and Vivek Sarkar, "Savina - An Actor
// Benchmark Suite", AGERE! 2014; skynet: github.com/atemerev/skynet).
//
// How to use it: Find gives a Program; an engine's table has a func(n int) int64 for its name, whose result must be
// Program.Answer(n). What is ordered and what may be lost is each engine's own business; an engine that loses or reorders
// what a program relies on gives a wrong answer or none. Everything here is a constant or a pure function, so anyone may
// call it, and there is nothing to stop.
//
// The programs do the same everywhere: the same number of actors, messages and draws from the same generator (Random),
// in the style that is usual on the engine. Nothing is batched, pooled or shared by hand that the description does not share.
package savina
