//go:build unix

package main

import (
	"os"
	"syscall"
)

var usr1, usr2 os.Signal = syscall.SIGUSR1, syscall.SIGUSR2
