// Package executor runs tasks on a few goroutines.
package executor
