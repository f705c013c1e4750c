//go:build unix

package wire

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

const header = 6 // length, kind, number of descriptors

// maxFDs is how many descriptors may come with a frame.
const maxFDs = 4

// mostOpen is how many descriptors may wait for their frames. What comes with
// frames that do not announce it is held against them: none may pile up.
const mostOpen = 4 * maxFDs

// patience is how long a Send may wait for a reader that does not read.
const patience = time.Second

// A Conn is one end.
type Conn struct {
	sock *net.UnixConn

	sending sync.Mutex

	// The rest is the receiver's.
	in  []byte // read and not yet used
	fds []int  // arrived and not yet given out, in order
}

// Pair makes two connected ends: one to speak with, one to hand to a child.
func Pair() (*Conn, *os.File, error) {
	syscall.ForkLock.RLock()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fds[0])
		syscall.CloseOnExec(fds[1])
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, nil, fmt.Errorf("making a pair of sockets: %w", err)
	}
	theirs := os.NewFile(uintptr(fds[1]), "ward")
	ours, err := Open(os.NewFile(uintptr(fds[0]), "guard"))
	if err != nil {
		theirs.Close()
		return nil, nil, err
	}
	return ours, theirs, nil
}

// Open takes over a file that is one end of a Pair.
func Open(f *os.File) (*Conn, error) {
	defer f.Close()
	c, err := net.FileConn(f)
	if err != nil {
		return nil, fmt.Errorf("descriptor %d is no socket: %w", f.Fd(), err)
	}
	sock, ok := c.(*net.UnixConn)
	if !ok {
		c.Close()
		return nil, fmt.Errorf("a %s socket instead of a Unix one", c.LocalAddr().Network())
	}
	return &Conn{sock: sock}, nil
}

// Close ends the connection, and a Recv that waits.
func (c *Conn) Close() error { return c.sock.Close() }

// Send writes one frame. The descriptors stay the caller's. An end that does not
// read is an error after a second.
func (c *Conn) Send(kind Kind, payload any, fds ...int) error {
	body, err := json.Marshal(payload)
	if err != nil {
		return fmt.Errorf("frame %d: %w", kind, err)
	}
	if len(body) > Max || len(fds) > maxFDs {
		return fmt.Errorf("frame %d has %d bytes and %d descriptors: too much", kind, len(body), len(fds))
	}
	frame := make([]byte, header, header+len(body))
	binary.BigEndian.PutUint32(frame, uint32(len(body)))
	frame[4], frame[5] = byte(kind), byte(len(fds))
	frame = append(frame, body...)
	var rights []byte
	if len(fds) > 0 {
		rights = syscall.UnixRights(fds...)
	}
	c.sending.Lock()
	defer c.sending.Unlock()
	_ = c.sock.SetWriteDeadline(time.Now().Add(patience))
	n, _, err := c.sock.WriteMsgUnix(frame, rights, nil)
	if err == nil && n < len(frame) {
		_, err = c.sock.Write(frame[n:])
	}
	if err != nil {
		c.sock.Close() // half a frame cannot be taken back
		return err
	}
	return nil
}

// Recv waits for the next frame. io.EOF: the other end is gone.
func (c *Conn) Recv() (Frame, error) {
	if err := c.fill(header); err != nil {
		return Frame{}, err
	}
	claimed, n := binary.BigEndian.Uint32(c.in), int(c.in[5])
	f := Frame{Kind: Kind(c.in[4])}
	if claimed > Max || n > maxFDs {
		c.release()
		return Frame{}, fmt.Errorf("frame %d claims %d bytes and %d descriptors", f.Kind, claimed, n)
	}
	size := int(claimed)
	if err := c.fill(header + size); err != nil {
		return Frame{}, err
	}
	if len(c.fds) < n {
		c.release()
		return Frame{}, fmt.Errorf("frame %d came with %d of its %d descriptors", f.Kind, len(c.fds), n)
	}
	f.Payload = append([]byte(nil), c.in[header:header+size]...)
	f.FDs = append([]int(nil), c.fds[:n]...)
	c.in = append(c.in[:0], c.in[header+size:]...)
	c.fds = append(c.fds[:0], c.fds[n:]...)
	return f, nil
}

// fill reads until n bytes are there.
func (c *Conn) fill(n int) error {
	var data [4096]byte
	rights := make([]byte, syscall.CmsgSpace(4*maxFDs*4))
	for len(c.in) < n {
		k, r, _, _, err := c.sock.ReadMsgUnix(data[:], rights)
		if r > 0 {
			c.accept(rights[:r])
		}
		if err == nil && k == 0 {
			err = io.EOF
		}
		if err != nil {
			c.release()
			if errors.Is(err, syscall.ECONNRESET) {
				err = io.EOF
			}
			return err
		}
		c.in = append(c.in, data[:k]...)
		if len(c.fds) > mostOpen {
			c.release()
			return fmt.Errorf("%d descriptors that belong to no frame", len(c.fds))
		}
	}
	return nil
}

func (c *Conn) accept(rights []byte) {
	messages, err := syscall.ParseSocketControlMessage(rights)
	if err != nil {
		return
	}
	for i := range messages {
		fds, err := syscall.ParseUnixRights(&messages[i])
		if err != nil {
			continue
		}
		for _, fd := range fds {
			syscall.CloseOnExec(fd)
		}
		c.fds = append(c.fds, fds...)
	}
}

// release closes what arrived and will not be asked for any more.
func (c *Conn) release() {
	for _, fd := range c.fds {
		syscall.Close(fd)
	}
	c.fds = nil
	c.sock.Close()
}
