package osproc

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net"

	"golang.org/x/sys/unix"
)

// A Notifier is the socket that a program sends its notices to. It has no file: it
// lives in Linux' abstract names, and closes with the program.
type Notifier struct {
	conn *net.UnixConn
	name string
	buf  [mostNotice + 1]byte
	oob  [512]byte
}

// NewNotifier opens a socket under a name that nobody can guess. Close it.
func NewNotifier() (*Notifier, error) {
	name := "@bastion-notify-" + rand.Text()
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		return nil, fmt.Errorf("notify socket: %w", err)
	}
	raw, err := conn.SyscallConn()
	if err == nil {
		e := raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_PASSCRED, 1) })
		err = errors.Join(err, e)
	}
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("notify socket: %w", err)
	}
	return &Notifier{conn: conn, name: name}, nil
}

// Env is the variable, "NOTIFY_SOCKET=…", for the program's environment.
func (n *Notifier) Env() string { return "NOTIFY_SOCKET=" + n.name }

// Close ends Next.
func (n *Notifier) Close() error { return n.conn.Close() }

// Next waits for the next notice from a process of the group. The kernel vouches
// for the sender's number; one that has ended since cannot be placed any more and
// is refused, which is a known weakness of the protocol (a short-lived command
// that notifies for its parent should wait for BARRIER=1, which is answered). The
// error is a *RefusedNotice, or net.ErrClosed. For one goroutine.
func (n *Notifier) Next(p *Process) (Notice, error) {
	size, oobSize, flags, _, err := n.conn.ReadMsgUnix(n.buf[:], n.oob[:])
	if err != nil {
		return Notice{}, err
	}
	sender, files := control(n.oob[:oobSize])
	// Descriptors are nothing we want, but for BARRIER=1 their closing is the answer:
	// so at the end, after the sender was looked at.
	defer closeAll(files)
	switch {
	case flags&unix.MSG_TRUNC != 0:
		return Notice{}, &RefusedNotice{fmt.Errorf("more than %d bytes", mostNotice)}
	case sender == 0:
		return Notice{}, &RefusedNotice{errors.New("the kernel did not say who sent it")}
	case !p.holds(sender):
		return Notice{}, &RefusedNotice{fmt.Errorf("process %d is not of group %d, or has ended", sender, p.pid)}
	}
	notice, err := ParseNotice(n.buf[:size])
	if err != nil {
		return Notice{}, &RefusedNotice{err}
	}
	return notice, nil
}

// holds reports whether a process is of the group.
func (p *Process) holds(pid int) bool {
	group, err := unix.Getpgid(pid)
	return err == nil && group == p.pid || pid == p.pid
}

// control reads the credentials and the descriptors that came along.
func control(oob []byte) (sender int, files []int) {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return 0, nil
	}
	for i := range messages {
		if c, err := unix.ParseUnixCredentials(&messages[i]); err == nil {
			sender = int(c.Pid)
		}
		if fds, err := unix.ParseUnixRights(&messages[i]); err == nil {
			files = append(files, fds...)
		}
	}
	return sender, files
}

func closeAll(files []int) {
	for _, fd := range files {
		unix.Close(fd)
	}
}
