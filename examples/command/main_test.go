//go:build unix

package main

import (
	"context"
	"os"
	"testing"
)

// TestMain lets the test binary be the two programs as well.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && (os.Args[1] == "server" || os.Args[1] == "client") {
		main()
		return
	}
	os.Exit(m.Run())
}

func Example() {
	if err := run(context.Background()); err != nil {
		panic(err)
	}
	// Output:
	// the client heard: hello from the server
	// the server ended by signal killed
	// the client heard: hello from the server
}
