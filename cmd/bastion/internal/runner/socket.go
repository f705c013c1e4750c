package runner

import (
	"fmt"
	"strings"

	"github.com/bastion-go/bastion/fort"
)

// networks are those that a socket's text may begin with.
var networks = []string{"tcp", "tcp4", "tcp6", "udp", "udp4", "udp6", "unix", "unixgram", "unixpacket"}

// ParseSocket reads [NAME=][NETWORK:]ADDRESS. Without a network an address with a
// slash is a Unix socket, and any other TCP.
func ParseSocket(text string) (fort.Socket, error) {
	s := fort.Socket{Address: text}
	if name, rest, named := strings.Cut(text, "="); named && !strings.ContainsAny(name, ":/[") {
		if name == "" {
			return s, fmt.Errorf("%q: the name before the = is empty", text)
		}
		s.Name, s.Address = name, rest
	}
	for _, network := range networks {
		if rest, ok := strings.CutPrefix(s.Address, network+":"); ok {
			s.Network, s.Address = network, rest
			break
		}
	}
	switch {
	case s.Address == "":
		return s, fmt.Errorf("%q has no address", text)
	case s.Network != "":
	case strings.Contains(s.Address, "/"):
		s.Network = "unix"
	default:
		s.Network = "tcp"
	}
	if !strings.HasPrefix(s.Network, "unix") && !strings.Contains(s.Address, ":") {
		return s, fmt.Errorf("%q has no port; an address is HOST:PORT or :PORT", text)
	}
	return s, nil
}
