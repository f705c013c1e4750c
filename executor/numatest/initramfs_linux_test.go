package numatest

import (
	"bytes"
	"fmt"
	"io/fs"
)

// archive is a file system for a kernel to unpack at its start, in the form that it calls an initramfs: cpio with
// headers in hexadecimal ("newc"; the kernel's Documentation/driver-api/early-userspace/buffer-format.rst).
type archive struct {
	bytes.Buffer
	files int
}

// The kinds of files, as stat(2) has them.
const (
	kindFolder = 0o040000
	kindDevice = 0o020000 // of characters
	kindFile   = 0o100000
)

func (a *archive) folder(name string) { a.add(name, kindFolder|0o755, 0, 0, nil) }

func (a *archive) device(name string, major, minor int) {
	a.add(name, kindDevice|0o600, major, minor, nil)
}

func (a *archive) program(name string, content []byte) {
	a.add(name, kindFile|uint32(fs.ModePerm), 0, 0, content)
}

func (a *archive) add(name string, mode uint32, major, minor int, content []byte) {
	a.files++
	a.WriteString("070701")
	const links, checksum = 1, 0
	for _, field := range []uint32{
		uint32(a.files), mode, 0, 0, links, 0, uint32(len(content)),
		0, 0, uint32(major), uint32(minor), uint32(len(name) + 1), checksum,
	} {
		fmt.Fprintf(a, "%08X", field)
	}
	a.WriteString(name + "\x00")
	a.align()
	a.Write(content)
	a.align()
}

// align fills up to a multiple of four bytes.
func (a *archive) align() {
	for a.Len()%4 != 0 {
		a.WriteByte(0)
	}
}

// end returns the finished archive.
func (a *archive) end() []byte {
	a.add("TRAILER!!!", 0, 0, 0, nil)
	return a.Bytes()
}
