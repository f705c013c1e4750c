//go:build unix && !linux

package fort_test

import "context"

func attack(context.Context) error { return nil }

func notifier() {}
