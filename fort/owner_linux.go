package fort

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// owner finds the process that has a socket on an address. 0: the system does not
// tell, as for processes of other users.
func owner(network, address string) (pid int, command string) {
	inode := ""
	if strings.HasPrefix(network, "unix") {
		inode = unixInode(address, network != "unixgram")
	} else {
		inode = inetInode(strings.TrimRight(network, "46"), address)
	}
	if inode == "" {
		return 0, ""
	}
	return holder("socket:[" + inode + "]")
}

// inetInode looks for a socket on the port of an address. Lines are
// "sl local_address rem_address st …", the address as hex:PORT; the inode is the
// tenth word.
func inetInode(network, address string) string {
	_, service, err := net.SplitHostPort(address)
	if err != nil {
		return ""
	}
	port, err := net.LookupPort(network, service)
	if err != nil {
		return ""
	}
	suffix := fmt.Sprintf(":%04X", port)
	for _, table := range []string{network, network + "6"} {
		inode := find("/proc/net/"+table, func(w []string) string {
			listens := len(w) > 9 && (network != "tcp" || w[3] == "0A")
			if listens && strings.HasSuffix(w[1], suffix) {
				return w[9]
			}
			return ""
		})
		if inode != "" && inode != "0" {
			return inode
		}
	}
	return ""
}

// unixInode looks for a socket by its path, the eighth word; the inode is the
// seventh. Connections have the path of the socket that they came through; the
// flags, the fourth word, tell the one that listens (__SO_ACCEPTCON).
func unixInode(path string, listens bool) string {
	return find("/proc/net/unix", func(w []string) string {
		if len(w) > 7 && w[7] == path && (w[3] == "00010000") == listens {
			return w[6]
		}
		return ""
	})
}

// find returns what take makes of the first line that it likes.
func find(table string, take func(words []string) string) string {
	f, err := os.Open(table)
	if err != nil {
		return ""
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if found := take(strings.Fields(lines.Text())); found != "" {
			return found
		}
	}
	return ""
}

// holder is the first process that has a descriptor of that name.
func holder(link string) (pid int, command string) {
	all, err := filepath.Glob("/proc/[0-9]*/fd/*")
	if err != nil {
		return 0, ""
	}
	for _, fd := range all {
		if to, err := os.Readlink(fd); err != nil || to != link {
			continue
		}
		process := strings.Split(fd, "/")[2]
		pid, _ = strconv.Atoi(process)
		name, _ := os.ReadFile("/proc/" + process + "/comm")
		return pid, string(bytes.TrimSpace(name))
	}
	return 0, ""
}
