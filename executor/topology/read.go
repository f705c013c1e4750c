package topology

import (
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strconv"
	"strings"
)

// The folders of sysfs.
const (
	cpuDir  = "sys/devices/system/cpu"
	nodeDir = "sys/devices/system/node"
)

// maxFile is how much of a file is read. The longest one, a host's mountinfo, stays below it.
const maxFile = 1 << 20

// Read describes the machine whose sys and proc folders are in fsys, as far as this process may use it. allowed are
// the CPUs that it may run on (its affinity mask); nil: whatever fsys says of that, in proc/self/status or else in the
// files of its control group. CPUs that are offline are left out in any case.
//
// Read does not fail. What is missing, unreadable or in contradiction to something else is replaced by the simplest
// machine that agrees with the rest, in the end by a flat one of the allowed CPUs, and [Topology.Notes] has a note of
// it. The result is valid, and its parts are consistent: each CPU is in one core, package and node, and in one cache
// of a level and kind at most. The same files give the same result.
//
// It opens at most 25 files, 3 more for each memory node, 25 for each core and 3 for each further thread of one, save
// that each group above this process's own costs up to 3. It does not keep fsys.
func Read(fsys fs.FS, allowed []int) *Topology {
	r := &reader{fsys: fsys}
	l := r.limits()
	status, statusErr := r.text(statusFile)
	online, sysfs := r.online()
	ids := r.usable(online, allowed, l.cpus, status, statusErr)
	var t *Topology
	if sysfs && ids != nil {
		t = &Topology{Origin: "sysfs"}
		r.cores(t, ids)
		r.classes(t)
		r.caches(t)
		r.nodes(t, mems(status, l.mems))
	} else {
		t = r.flat(ids)
	}
	t.Quota = l.quota
	t.Notes = r.notes
	return t
}

// A reader reads a machine's files, and takes notes.
type reader struct {
	fsys  fs.FS
	notes []Note
	buf   []byte // of text
}

// text reads a file, by Read alone: most are a few bytes, and there are many.
func (r *reader) text(path string) (string, error) {
	f, err := r.fsys.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	r.buf = r.buf[:0]
	for len(r.buf) < maxFile {
		r.buf = slices.Grow(r.buf, 4096)
		n, err := f.Read(r.buf[len(r.buf):cap(r.buf)])
		r.buf = r.buf[:len(r.buf)+n]
		if err == io.EOF {
			break
		}
		if err != nil {
			return "", err
		}
	}
	return string(r.buf), nil
}

const statusFile = "proc/self/status"

// online returns the CPUs that are switched on, nil if nobody knows, and whether sysfs describes them.
func (r *reader) online() (cpus []int, sysfs bool) {
	file := cpuDir + "/online"
	text, err := r.text(file)
	if err == nil {
		if cpus, err = parseList(text); err == nil {
			return cpus, true
		}
	}
	folders := r.numbered(cpuDir, "cpu")
	cpus = slices.DeleteFunc(slices.Clone(folders), func(id int) bool {
		text, err := r.text(cpuFile(id, "online"))
		return err == nil && strings.TrimSpace(text) == "0"
	})
	if len(cpus) > 0 {
		r.note(file, problem(err), "every CPU is online that has a folder and does not say otherwise")
		return cpus, true
	}
	r.note(file, problem(err), "a flat machine")
	if text, err = r.text("proc/stat"); err == nil {
		if cpus, err = parseStat(text); err == nil {
			return cpus, false
		}
	}
	return nil, false
}

// numbered returns the numbers of the entries of dir that are called prefix and a number, in ascending order.
func (r *reader) numbered(dir, prefix string) []int {
	entries, _ := fs.ReadDir(r.fsys, dir) // half a folder is better than none, and none shows
	var ids []int
	for _, e := range entries {
		if digits, ok := strings.CutPrefix(e.Name(), prefix); ok {
			if id, err := parseNumber(digits); err == nil && strconv.Itoa(id) == digits {
				ids = append(ids, id)
			}
		}
	}
	slices.Sort(ids)
	return ids
}

// usable returns the CPUs that are online and that this process may use, or nil if nothing says so much as a number.
// There are three sources for the latter, and the best is believed alone: the kernel keeps the mask inside the
// cpuset, and a cpuset's file is the one that may be somebody else's.
func (r *reader) usable(online, allowed, cpuset []int, status string, statusErr error) []int {
	source := "the affinity mask"
	if allowed == nil {
		list, err := []int(nil), statusErr
		if err == nil {
			list, err = parseStatus(status, "Cpus_allowed_list")
		}
		switch {
		case err == nil:
			allowed, source = list, "Cpus_allowed_list"
		case cpuset != nil:
			r.note(statusFile, problem(err), "this process may use the CPUs of its cpuset")
			allowed, source = cpuset, "the cpuset"
		default:
			r.note(statusFile, problem(err), "this process may use every CPU")
		}
	}
	allowed = slices.Compact(slices.Sorted(slices.Values(allowed)))
	if len(allowed) == 0 {
		return online
	}
	if online == nil {
		return allowed
	}
	both := intersect(online, allowed)
	if len(both) == 0 {
		r.note(cpuDir+"/online", fmt.Sprintf("says %s, but %s says %s", clip(FormatCPUs(online)), source, clip(FormatCPUs(allowed))),
			"this process may use every CPU that is online")
		return online
	}
	return both
}

// intersect returns what is in both lists, which are in ascending order.
func intersect(a, b []int) []int {
	var both []int
	for _, n := range a {
		if _, ok := slices.BinarySearch(b, n); ok {
			both = append(both, n)
		}
	}
	return both
}

// mems returns the memory nodes that this process may use; nil: not known.
func mems(status string, cpuset []int) []int {
	if list, err := parseStatus(status, "Mems_allowed_list"); err == nil {
		return list
	}
	return cpuset
}

// flat returns a flat machine of the CPUs ids.
func (r *reader) flat(ids []int) *Topology {
	if ids == nil {
		ids = []int{0}
	}
	t := flatOf(ids)
	t.Nodes[0].Memory = r.memory("proc/meminfo")
	return t
}

// memory reads an amount of memory; 0: not known, which is no reason for a note.
func (r *reader) memory(file string) int64 {
	text, err := r.text(file)
	if err != nil {
		return 0
	}
	n, err := parseMemTotal(text)
	if err != nil {
		r.note(file, problem(err), "an unknown amount of memory")
	}
	return n
}

// number reads a file with one number.
func (r *reader) number(file string, most int) (int, error) {
	text, err := r.text(file)
	if err != nil {
		return 0, err
	}
	n, err := parseID(text)
	if err == nil && n > most {
		return 0, fmt.Errorf("holds %d, which is too large", n)
	}
	return n, err
}

func cpuFile(id int, name string) string {
	return cpuDir + "/cpu" + strconv.Itoa(id) + "/" + name
}
