package topology

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Control groups say how much processor time a program gets (its quota) and which CPUs and memory nodes. Both versions
// may be mounted at once, anywhere, with any group as their root; so it takes two tables to find a file: where this
// process's groups are (/proc/self/cgroup) and where those are mounted (/proc/self/mountinfo).

// A group is a line of /proc/self/cgroup.
type group struct {
	controllers []string // of version 1; none: this is version 2
	path        string
}

func parseGroups(text string) []group {
	var groups []group
	for line := range strings.Lines(text) {
		parts := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		if len(parts) != 3 || !strings.HasPrefix(parts[2], "/") {
			continue
		}
		g := group{path: parts[2]}
		if parts[1] != "" {
			g.controllers = strings.Split(parts[1], ",")
		} else if parts[0] != "0" {
			continue
		}
		groups = append(groups, g)
	}
	return groups
}

// A mount is a line of /proc/self/mountinfo about control groups.
type mount struct {
	controllers []string // of version 1; none: this is version 2
	root        string   // the group that is seen at point
	point       string
}

// unescape undoes what the kernel does to blanks in paths.
var unescape = strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)

func parseMounts(text string) []mount {
	var mounts []mount
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		dash := slices.Index(words, "-")
		if dash < 6 || len(words) < dash+4 {
			continue
		}
		m := mount{root: unescape.Replace(words[3]), point: unescape.Replace(words[4])}
		switch words[dash+1] {
		case "cgroup2":
		case "cgroup":
			m.controllers = strings.Split(words[dash+3], ",")
		default:
			continue
		}
		mounts = append(mounts, m)
	}
	return mounts
}

// maxDepth is how many groups above one another are looked at.
const maxDepth = 64

// chain returns the folders, as fs.FS names them, of the group g and of all above it that are seen through m. Where g
// is outside of what m shows (a container that was given a part of the tree) only the mount's own folder is left.
func chain(g group, m mount) []string {
	point := strings.TrimPrefix(path.Clean("/"+m.point), "/")
	below := ""
	if rest, ok := strings.CutPrefix(g.path, strings.TrimSuffix(m.root, "/")); ok && (rest == "" || rest[0] == '/') {
		below = rest
	}
	below = path.Clean("/" + below)
	var dirs []string
	for ; len(dirs) < maxDepth; below = path.Dir(below) {
		if dir := path.Join(point, below); fs.ValidPath(dir) {
			dirs = append(dirs, dir)
		}
		if below == "/" {
			break
		}
	}
	return dirs
}

// controller returns the folders in which a controller's files for this process are, its own group first, and whether
// they are those of version 1, which goes first: a controller has one version at a time.
func controller(name string, groups []group, mounts []mount) (dirs []string, v1 bool) {
	for _, v1 := range []bool{true, false} {
		ours := func(controllers []string) bool {
			return v1 && slices.Contains(controllers, name) || !v1 && len(controllers) == 0
		}
		g := slices.IndexFunc(groups, func(g group) bool { return ours(g.controllers) })
		if g < 0 {
			continue
		}
		m := mount{root: "/", point: "/sys/fs/cgroup"}
		if v1 {
			m.point += "/" + name
		}
		if i := slices.IndexFunc(mounts, func(m mount) bool { return ours(m.controllers) }); i >= 0 {
			m = mounts[i]
		}
		return chain(groups[g], m), v1
	}
	return nil, false
}

// limits are what control groups leave to this process.
type limits struct {
	quota      float64 // CPUs' worth of time; 0: no limit
	cpus, mems []int   // nil: not said
}

func (r *reader) limits() limits {
	const (
		groupFile, mountFile = "proc/self/cgroup", "proc/self/mountinfo"
		noQuota              = "no limit to processor time"
	)
	text, err := r.text(groupFile)
	if err != nil {
		r.note(groupFile, problem(err), noQuota)
		return limits{}
	}
	groups := parseGroups(text)
	if len(groups) == 0 {
		r.note(groupFile, "names no control group", noQuota)
		return limits{}
	}
	var mounts []mount
	if text, err = r.text(mountFile); err == nil {
		mounts = parseMounts(text)
	} else {
		r.note(mountFile, problem(err), "control groups are where they usually are")
	}
	var l limits
	dirs, v1 := controller("cpu", groups, mounts)
	for _, dir := range dirs {
		quota, file, err := r.quota(dir, v1)
		switch {
		case err != nil:
			r.note(file, problem(err), noQuota+" from this group")
		case quota > 0 && (l.quota == 0 || quota < l.quota):
			l.quota = quota
		}
	}
	dirs, v1 = controller("cpuset", groups, mounts)
	l.cpus = r.cpuset(dirs, v1, "cpuset.cpus.effective", "cpuset.effective_cpus", "cpuset.cpus")
	l.mems = r.cpuset(dirs, v1, "cpuset.mems.effective", "cpuset.effective_mems", "cpuset.mems")
	return l
}

// quota reads the limit of one group. A group without such a file (the root, or one without the controller) has none.
func (r *reader) quota(dir string, v1 bool) (quota float64, file string, err error) {
	var text string
	if v1 {
		file = path.Join(dir, "cpu.cfs_quota_us")
		text, err = r.text(file)
		if err == nil && strings.TrimSpace(text) != "-1" {
			var period string
			period, err = r.text(path.Join(dir, "cpu.cfs_period_us"))
			text = strings.TrimSpace(text) + " " + period
		}
	} else {
		file = path.Join(dir, "cpu.max")
		text, err = r.text(file)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return 0, file, nil
	}
	if err == nil {
		quota, err = parseQuota(text)
	}
	return quota, file, err
}

// parseQuota reads "150000 100000" as 1.5; "max 100000" and "-1" are 0, no limit.
func parseQuota(text string) (float64, error) {
	words := strings.Fields(text)
	if len(words) > 0 && (words[0] == "max" || words[0] == "-1") {
		return 0, nil
	}
	if len(words) == 1 {
		words = append(words, "100000") // the kernel's default, as when one writes only the first number
	}
	if len(words) == 2 {
		quota, err1 := strconv.ParseUint(words[0], 10, 63)
		period, err2 := strconv.ParseUint(words[1], 10, 63)
		if err1 == nil && err2 == nil && quota > 0 && period > 0 {
			return float64(quota) / float64(period), nil
		}
	}
	return 0, fmt.Errorf("holds %q instead of a quota", clip(strings.TrimSpace(text)))
}

// cpuset returns the list of the nearest group that says one: groups without settings of their own may lack the file,
// or leave it empty.
func (r *reader) cpuset(dirs []string, v1 bool, v2Name string, v1Names ...string) []int {
	names := v1Names
	if !v1 {
		names = []string{v2Name}
	}
	for _, dir := range dirs {
		for _, name := range names {
			text, err := r.text(path.Join(dir, name))
			if err != nil {
				continue
			}
			if list, err := parseList(text); err == nil {
				return list
			}
		}
	}
	return nil
}
