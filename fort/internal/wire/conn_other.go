//go:build !unix

package wire

import (
	"errors"
	"os"
)

var errLacking = errors.New("this system cannot pass sockets between processes")

// A Conn is one end. There is none on this system.
type Conn struct{}

// Pair is not possible here.
func Pair() (*Conn, *os.File, error) { return nil, nil, errLacking }

// Open is not possible here.
func Open(*os.File) (*Conn, error) { return nil, errLacking }

// Close does nothing.
func (*Conn) Close() error { return errLacking }

// Send does nothing.
func (*Conn) Send(Kind, any, ...int) error { return errLacking }

// Recv does nothing.
func (*Conn) Recv() (Frame, error) { return Frame{}, errLacking }
