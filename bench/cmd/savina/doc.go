// Command savina runs one program of the suite on one Go engine, in this process, and prints a line of JSON for each round;
// `bastion bench savina` builds it and calls it, each engine in turn.
//
// How to use it: savina --engine bastion --program skynet --n 1000000 --rounds 3; savina --list prints the programs with their
// sizes and right answers. The first round warms up and is not printed. What is ordered: rounds run one after the other.
// What may be lost: nothing; a program that cannot finish hangs, and whoever called ends it. It stops when all rounds are done.
package main
