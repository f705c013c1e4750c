//go:build !linux

package fort

import (
	"errors"
	"os"
)

// openSelf: only Linux can run a file that has no name any more.
func openSelf() (*os.File, error) { return nil, errors.ErrUnsupported }

func thisProgram() (string, error) { return os.Executable() }

func nameOf(f *os.File) string { return f.Name() }

func takeName() {}
