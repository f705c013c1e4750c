package osproc

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"time"
)

// firstTry and longestTry are the times between two tries of a probe.
const firstTry, longestTry = 5 * time.Millisecond, 250 * time.Millisecond

// An Address is where a program listens when it is ready: a network of package
// net ("tcp", "unix", …) and an address in it.
type Address struct{ Network, Address string }

// Free returns an error when somebody listens there already: it would be taken for
// the program that is about to be started.
func (a Address) Free(ctx context.Context) error {
	if err := a.dial(ctx); err != nil {
		return nil //nolint:nilerr // nobody there is what is wanted
	}
	return fmt.Errorf("somebody listens on %s %s already", a.Network, a.Address)
}

func (a Address) dial(ctx context.Context) error {
	d := net.Dialer{Timeout: time.Second}
	conn, err := d.DialContext(ctx, a.Network, a.Address)
	if err != nil {
		return err
	}
	return conn.Close()
}

// Wait returns nil when somebody listens there, or the context's error.
func (a Address) Wait(ctx context.Context) error {
	return try(ctx, func() bool { return a.dial(ctx) == nil })
}

// A File is one that appears when a program is ready. Look at it before the start:
// one that is there already counts only when it was replaced or written anew.
type File struct {
	path   string
	before fs.FileInfo
}

// LookAt remembers what is at path now.
func LookAt(path string) (File, error) {
	info, err := os.Stat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return File{}, err
	}
	return File{path, info}, nil
}

// Wait returns nil when the file has appeared, or the context's error.
func (f File) Wait(ctx context.Context) error {
	return try(ctx, func() bool {
		now, err := os.Stat(f.path)
		if err != nil {
			return false
		}
		b := f.before
		return b == nil || !os.SameFile(b, now) || !b.ModTime().Equal(now.ModTime()) || b.Size() != now.Size()
	})
}

func try(ctx context.Context, ready func() bool) error {
	for pause := firstTry; ; pause = min(2*pause, longestTry) {
		if ready() {
			return nil
		}
		t := time.NewTimer(pause)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		}
	}
}
