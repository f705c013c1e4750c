package fort

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"

	"github.com/bastion-go/bastion/fort/internal/wire"
)

// An activation is a socket that the service manager has opened.
type activation struct {
	wire.Inherited
	fd int
}

// firstActivated is the first descriptor, by the protocol (sd_listen_fds).
const firstActivated = 3

// activated takes over what systemd has passed to this process, and takes it out of
// the environment. What is no socket that package net can use is an error; the rest
// counts.
func activated() ([]activation, error) {
	pid, count, names := os.Getenv("LISTEN_PID"), os.Getenv("LISTEN_FDS"), strings.Split(os.Getenv("LISTEN_FDNAMES"), ":")
	if pid != strconv.Itoa(os.Getpid()) {
		return nil, nil // for another process
	}
	for _, name := range []string{"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"} {
		os.Unsetenv(name)
	}
	n, err := strconv.Atoi(count)
	if err != nil || n < 0 || n > mostActivated {
		return nil, fmt.Errorf("fort: LISTEN_FDS=%q is not a number of sockets", count)
	}
	var all []activation
	var wrong []string
	for i := range n {
		a := activation{fd: firstActivated + i}
		closeOnExec(a.fd)
		a.Key, a.Name = "systemd "+strconv.Itoa(i), strconv.Itoa(i)
		if i < len(names) && names[i] != "" {
			a.Name = names[i]
		}
		if a.Network, a.Address, err = describe(a.fd); err != nil {
			wrong = append(wrong, fmt.Sprintf("descriptor %d (%s): %v", a.fd, a.Name, err))
			continue
		}
		all = append(all, a)
	}
	if len(wrong) > 0 {
		return all, fmt.Errorf("fort: not usable: %s", strings.Join(wrong, "; "))
	}
	return all, nil
}

const mostActivated = 1024

// describe asks package net what a descriptor is. Package net makes it non-blocking,
// which is seen by everybody who has it.
func describe(fd int) (network, address string, err error) {
	if isBlocking(fd) {
		defer blocking(fd)
	}
	l, err := fromFD(fd, net.FileListener)
	if err == nil {
		defer leave(l)
		return l.Addr().Network(), l.Addr().String(), nil
	}
	c, err := fromFD(fd, net.FilePacketConn)
	if err != nil {
		return "", "", err
	}
	defer c.Close()
	return c.LocalAddr().Network(), c.LocalAddr().String(), nil
}

// leave closes a listener without the file of its socket.
func leave(l net.Listener) {
	if u, ok := l.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(false)
	}
	l.Close()
}

// fromFD makes something of a copy of a descriptor.
func fromFD[S any](fd int, from func(*os.File) (S, error)) (S, error) {
	copied, err := duplicate(fd)
	if err != nil {
		var none S
		return none, err
	}
	f := os.NewFile(uintptr(copied), "socket")
	defer f.Close()
	return from(f)
}

// match finds the inherited socket with that name, or on that address.
func match(given []wire.Inherited, network, address string) (key string) {
	for _, g := range given {
		if network == "systemd" && g.Name == address {
			return g.Key
		}
	}
	if network == "systemd" || len(given) == 0 {
		return ""
	}
	for _, g := range given {
		if strings.TrimRight(network, "46") == g.Network && sameAddress(g, network, address) {
			return g.Key
		}
	}
	return ""
}

func sameAddress(g wire.Inherited, network, address string) bool {
	if strings.HasPrefix(network, "unix") {
		return g.Address == address
	}
	theirs, err := net.ResolveTCPAddr("tcp", g.Address) // numbers only: nobody is asked
	if err != nil {
		return false
	}
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	port, err := net.LookupPort(strings.TrimRight(network, "46"), service)
	if err != nil || port != theirs.Port || port == 0 {
		return false
	}
	if host == "" {
		return theirs.IP.IsUnspecified()
	}
	ips, err := net.LookupIP(host)
	if err != nil {
		return false
	}
	for _, ip := range ips {
		if ip.Equal(theirs.IP) || ip.IsUnspecified() && theirs.IP.IsUnspecified() {
			return true
		}
	}
	return false
}
