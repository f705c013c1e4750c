//go:build !unix

package main

import "os"

// There are none.
var usr1, usr2 os.Signal
