//go:build !linux

package osproc

import (
	"fmt"
	"runtime"
)

// A Notifier is the socket that a program sends its notices to. Linux only.
type Notifier struct{}

// NewNotifier needs credentials that come with a message, which only Linux has.
func NewNotifier() (*Notifier, error) {
	return nil, fmt.Errorf("notify socket: %w (%s)", ErrUnsupported, runtime.GOOS)
}

// Env has nothing to say here.
func (n *Notifier) Env() string { return "" }

// Close does nothing.
func (n *Notifier) Close() error { return nil }

// Next is never reached: there is no Notifier.
func (n *Notifier) Next(*Process) (Notice, error) { return Notice{}, ErrUnsupported }
