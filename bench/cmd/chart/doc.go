// Command chart draws the report of `bastion bench savina --json`, which it reads from its standard input, as an SVG on its
// standard output: for each program how long each engine takes, as a multiple of what Bastion takes.
//
// How to use it: bastion bench savina --json | go run ./cmd/chart > savina.svg, in the folder bench with GOWORK=off. What is
// ordered: programs and engines stand in the report's order. What is lost: a program or engine without a figure has no bar.
// It stops when the report is drawn, or with status 1 and a sentence when it cannot be read.
package main
