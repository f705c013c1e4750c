//go:build !linux

package executor

import "errors"

var realProcessors = processors{
	current: func() int { return -1 },
	pin:     func([]int) error { return errors.ErrUnsupported },
	first:   func() bool { return false },
}
