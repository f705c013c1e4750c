package fort

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
)

// resident is how much memory a process has, in bytes.
func resident(pid int) (int64, error) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/statm")
	if err != nil {
		return 0, err
	}
	fields := bytes.Fields(text) // size resident shared …, in pages
	if len(fields) < 3 {
		return 0, fmt.Errorf("unexpected %q", text)
	}
	pages, err := strconv.ParseInt(string(fields[1]), 10, 64)
	if err != nil {
		return 0, err
	}
	return pages * int64(os.Getpagesize()), nil
}
