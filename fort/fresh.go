package fort

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// An InUseError says that somebody else listens on an address.
type InUseError struct {
	Network, Address string // as they were passed to Listen
	PID              int    // of the process that has it; 0: the system does not tell
	Command          string // that process's name
	Err              error  // of package net
}

func (e *InUseError) Error() string {
	owner := ""
	if e.PID != 0 {
		owner = fmt.Sprintf(" by %s (process %d)", e.Command, e.PID)
	}
	return fmt.Sprintf("fort: %s %s is in use%s: %v", e.Network, e.Address, owner, e.Err)
}

// Unwrap is the error of package net.
func (e *InUseError) Unwrap() error { return e.Err }

// inUse adds to the error of package net who has the address.
func inUse(network, address string, err error) error {
	if !errors.Is(err, errAddressInUse) {
		return err
	}
	e := &InUseError{Network: network, Address: address, Err: err}
	e.PID, e.Command = owner(network, address)
	return e
}

func listenFresh(network, address string) (net.Listener, error) {
	l, err := net.Listen(network, address)
	if errors.Is(err, errAddressInUse) && unixPath(network, address) != "" {
		l, err = replaceStale(network, address, net.Listen)
	}
	if err != nil {
		return nil, inUse(network, address, err)
	}
	return l, nil
}

func packetFresh(network, address string) (net.PacketConn, error) {
	c, err := net.ListenPacket(network, address)
	if errors.Is(err, errAddressInUse) && unixPath(network, address) != "" {
		c, err = replaceStale(network, address, net.ListenPacket)
	}
	if err != nil {
		return nil, inUse(network, address, err)
	}
	return c, nil
}

// replaceStale removes the file of a socket on which nobody listens any more, and
// binds anew. Two that find the same file must not both remove it, the second the
// first one's: so a lock on the folder is held meanwhile.
func replaceStale[S socket](network, path string, bind func(network, address string) (S, error)) (S, error) {
	unlock, err := lockFolder(filepath.Dir(path))
	if err != nil {
		var none S
		return none, fmt.Errorf("fort: looking whether %s is stale: %w", path, err)
	}
	defer unlock()
	if stale(network, path) {
		_ = os.Remove(path)
	}
	return bind(network, path)
}

// stale reports whether path is a socket on which nobody listens.
func stale(network, path string) bool {
	info, err := os.Lstat(path)
	if err != nil || info.Mode()&os.ModeSocket == 0 {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, path)
	if err == nil {
		conn.Close()
		return false
	}
	return errors.Is(err, syscall.ECONNREFUSED)
}
