package fort

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/bastion-go/bastion/fort/internal/wire"
)

// Listen is net.Listen for sockets that survive: "tcp", "tcp4", "tcp6", "unix" and
// "unixpacket". The socket belongs to the guard, and every incarnation, and every
// ward of a redundant fort, gets the same one. While no ward runs the system goes
// on accepting connections, up to the backlog, and the next incarnation serves
// them. With several wards a connection goes to whichever is the first to accept it.
//
// The name of a socket is what is passed here: the same network and address mean
// the same socket. A port that the system picks ("127.0.0.1:0") stays the same over
// crashes and upgrades as well; there the first call means the first socket, the
// second the second, and so on.
//
// Close closes this incarnation's use of it; the guard's stays open, so that
// connections wait, until the fort ends or an upgrade has led to a version that
// does not ask for it. The file of a Unix socket goes with it. A file that is left
// over from a program that has died is removed, when nobody listens on it.
//
// A socket that systemd has opened for this process (LISTEN_FDS) is used where its
// network and address are those asked for, or by its name with the network
// "systemd": Listen("systemd", "http").
//
// An address in use is an *InUseError, which names the process that has it where
// the system tells. Where there is no guard the socket is the process's own and
// goes with it. Any goroutine may call Listen.
func Listen(network, address string) (net.Listener, error) {
	switch network {
	case "tcp", "tcp4", "tcp6", "unix", "unixpacket", "systemd":
	default:
		return nil, &net.OpError{Op: "listen", Net: network, Err: net.UnknownNetworkError(network)}
	}
	l, err := open(network, address, net.FileListener, listenFresh)
	if err != nil {
		return nil, err
	}
	return l, nil
}

// ListenPacket is net.ListenPacket for sockets that survive: "udp", "udp4", "udp6"
// and "unixgram". All that is said of Listen holds; of several wards each datagram
// reaches one, and what arrives while none runs waits in the socket's buffer.
func ListenPacket(network, address string) (net.PacketConn, error) {
	switch network {
	case "udp", "udp4", "udp6", "unixgram", "systemd":
	default:
		return nil, &net.OpError{Op: "listen", Net: network, Err: net.UnknownNetworkError(network)}
	}
	return open(network, address, net.FilePacketConn, packetFresh)
}

// A listening socket of package net.
type socket interface {
	comparable
	Close() error
}

// open gets the socket from the guard or the service manager, or makes it.
func open[S socket](network, address string, from func(*os.File) (S, error), fresh func(network, address string) (S, error)) (S, error) {
	var none S
	if here == nil {
		return openAlone(network, address, from, fresh)
	}
	if err := here.greet(); err != nil {
		return none, err
	}
	key := here.key(network, address)
	if key == "" {
		return none, fmt.Errorf("fort: systemd has passed no socket with the name %q", address)
	}
	grant, err := here.claim(key)
	if err != nil {
		return none, err
	}
	if !grant.make {
		defer grant.file.Close() // from makes its own
		s, err := from(grant.file)
		if err != nil {
			return none, fmt.Errorf("fort: the guard's socket for %s %s: %w", network, address, err)
		}
		return s, nil
	}
	s, err := fresh(network, address)
	if err != nil {
		return none, errors.Join(err, here.offer(key, "", nil))
	}
	if err := here.offer(key, unixPath(network, address), s); err != nil {
		s.Close()
		return none, fmt.Errorf("fort: handing the socket to the guard: %w", err)
	}
	return s, nil
}

// unixPath is the file of a Unix socket; those in the abstract name space have none.
func unixPath(network, address string) string {
	if !strings.HasPrefix(network, "unix") || address == "" || address[0] == '@' {
		return ""
	}
	return address
}

// key is the socket's name to the guard.
func (s *session) key(network, address string) string {
	if given := match(s.greeting.Inherited, network, address); given != "" || network == "systemd" {
		return given
	}
	key := network + " " + address
	if _, port, err := net.SplitHostPort(address); err == nil && (port == "0" || port == "") {
		s.mu.Lock()
		s.counts[key]++
		key += " " + strconv.Itoa(s.counts[key])
		s.mu.Unlock()
	}
	return key
}

type grant struct {
	make bool
	file *os.File
}

func (s *session) claim(key string) (grant, error) {
	f, err := s.ask(context.Background(), wire.Claim, func(id uint64) any { return wire.Socket{ID: id, Key: key} })
	if err != nil {
		return grant{}, err
	}
	var g wire.Socket
	err = json.Unmarshal(f.Payload, &g)
	if err == nil && g.Error != "" {
		closeAll(f.FDs)
		return grant{}, fmt.Errorf("fort: %s: %s", key, g.Error)
	}
	if err != nil || g.Make != (len(f.FDs) == 0) || len(f.FDs) > 1 {
		closeAll(f.FDs)
		return grant{}, fmt.Errorf("fort: the guard's answer for %s makes no sense: %w", key, err)
	}
	if g.Make {
		return grant{make: true}, nil
	}
	return grant{file: os.NewFile(uintptr(f.FDs[0]), key)}, nil
}

// offer hands a new socket to the guard; nil: it could not be made.
func (s *session) offer(key, path string, sock any) error {
	o := wire.Socket{Key: key, Path: path}
	conn, ok := sock.(syscall.Conn)
	if !ok {
		return s.guard.Send(wire.Offer, o)
	}
	if u, ok := sock.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(false) // the guard sees to it
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var sent error
	if err := raw.Control(func(fd uintptr) { sent = s.guard.Send(wire.Offer, o, int(fd)) }); err != nil {
		return err
	}
	return sent
}

// alone is what systemd has passed to a process without a guard.
var alone = sync.OnceValues(activated)

func openAlone[S socket](network, address string, from func(*os.File) (S, error), fresh func(network, address string) (S, error)) (S, error) {
	var none S
	given, err := alone()
	if err != nil {
		return none, err
	}
	names := make([]wire.Inherited, len(given))
	for i, a := range given {
		names[i] = a.Inherited
	}
	key := match(names, network, address)
	for _, a := range given {
		if a.Key == key {
			return fromFD(a.fd, from)
		}
	}
	if network == "systemd" {
		return none, fmt.Errorf("fort: systemd has passed no socket with the name %q", address)
	}
	return fresh(network, address)
}
