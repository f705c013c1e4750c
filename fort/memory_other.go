//go:build !linux

package fort

import (
	"errors"
	"fmt"
	"runtime"
)

func resident(int) (int64, error) {
	return 0, fmt.Errorf("fort: memory of a process: %w on %s", errors.ErrUnsupported, runtime.GOOS)
}
