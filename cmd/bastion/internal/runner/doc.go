// Package runner is what `bastion run` needs beside package fort: what its flags
// mean (sockets, sizes, health checks), and the console, on which the lines of the
// program, what the guard has to say and a status line share a terminal.
//
// A Console may be used from any goroutine; what is written with one call stays
// together, and nothing is ordered between goroutines. Nothing written is lost
// but by the terminal's own fault. It is over with Close, which takes the status
// line away.
package runner
