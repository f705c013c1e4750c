//go:build !unix

package demo

import (
	"errors"
	"syscall"
)

func apart() *syscall.SysProcAttr { return nil }

// killProcess is never called: there is no fort on such a system, and its guard says so.
func killProcess(int) error { return errors.ErrUnsupported }
