package osproc

import (
	"bytes"
	"os"
	"strconv"
)

// members lists the processes of a group that are alive, zombies left out. False:
// the system does not tell.
func members(group int) (alive []int, known bool) {
	proc, err := os.Open("/proc")
	if err != nil {
		return nil, false
	}
	defer proc.Close()
	names, err := proc.Readdirnames(-1)
	if err != nil {
		return nil, false
	}
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		stat, err := os.ReadFile("/proc/" + name + "/stat")
		if err != nil {
			continue // has ended
		}
		// pid (name) state parent group …; the name may contain anything.
		fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
		if len(fields) < 3 || fields[0][0] == 'Z' || fields[0][0] == 'X' {
			continue
		}
		if of, err := strconv.Atoi(string(fields[2])); err == nil && of == group {
			alive = append(alive, pid)
		}
	}
	return alive, true
}
