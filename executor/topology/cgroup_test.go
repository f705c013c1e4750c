package topology

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func TestController_FindsTheFolders(t *testing.T) {
	const v2 = "30 23 0:26 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw\n"
	for _, tt := range []struct{ what, groups, mounts, want string }{
		{"version 2", "0::/a/b\n", v2, "sys/fs/cgroup/a/b sys/fs/cgroup/a sys/fs/cgroup"},
		{"the root", "0::/\n", v2, "sys/fs/cgroup"},
		{"not mounted: the usual place", "0::/a\n", "", "sys/fs/cgroup/a sys/fs/cgroup"},
		{"version 1, not mounted", "3:cpu:/a\n", "", "sys/fs/cgroup/cpu/a sys/fs/cgroup/cpu"},
		{"version 1 goes first", "0::/x\n3:cpu:/a\n", v2 + "31 23 0:27 / /mnt/c\\040v1 rw - cgroup cgroup rw,cpu\n", "mnt/c v1/a mnt/c v1"},
		{"a mount that shows a part", "0::/kube/pod/app\n", "30 23 0:26 /kube/pod /cg rw - cgroup2 cgroup2 rw\n", "cg/app cg"},
		{"a mount that shows another part", "0::/kube/pod\n", "30 23 0:26 /kube/po /cg rw - cgroup2 cgroup2 rw\n", "cg"},
		{"outside of the namespace", "0::/../../other\n", v2, "sys/fs/cgroup/other sys/fs/cgroup"},
		{"a name with colons", "0::/a:b:c\n", v2, "sys/fs/cgroup/a:b:c sys/fs/cgroup"},
		{"no group", "garbage\n7:memory:/a\n9:name=systemd:/\n", v2, ""},
	} {
		dirs, _ := controller("cpu", parseGroups(tt.groups), parseMounts(tt.mounts))
		if got := strings.Join(dirs, " "); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.what, got, tt.want)
		}
	}
	deep, _ := controller("cpu", parseGroups("0::"+strings.Repeat("/a", 10_000)), nil)
	if len(deep) != maxDepth {
		t.Errorf("%d folders", len(deep))
	}
}

func TestLimits_TheTightestQuotaHolds(t *testing.T) {
	for _, tt := range []struct {
		name  string
		files map[string]string
		want  float64
	}{
		{"none", map[string]string{"a/cpu.max": "max 100000"}, 0},
		{"own", map[string]string{"a/cpu.max": "50000 100000"}, 0.5},
		{"parent's", map[string]string{"a/cpu.max": "50000 100000", "cpu.max": "20000 100000"}, 0.2},
		{"default period", map[string]string{"a/cpu.max": "50000"}, 0.5},
		{"too large to be one", map[string]string{"a/cpu.max": "99999999999999999999 1"}, 0},
	} {
		files := fstest.MapFS{"proc/self/cgroup": {Data: []byte("0::/a\n")}}
		for name, content := range tt.files {
			files["sys/fs/cgroup/"+name] = &fstest.MapFile{Data: []byte(content)}
		}
		r := &reader{fsys: files}
		if l := r.limits(); l.quota != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, l.quota, tt.want)
		}
	}
}

// A group may leave its list empty, which means its parent's.
func TestLimits_CpusetIsTheNearest(t *testing.T) {
	r := &reader{fsys: fstest.MapFS{
		"proc/self/cgroup":                         {Data: []byte("4:cpuset:/a/b\n")},
		"sys/fs/cgroup/cpuset/a/b/cpuset.cpus":     {Data: []byte("\n")},
		"sys/fs/cgroup/cpuset/a/cpuset.cpus":       {Data: []byte("2-3\n")},
		"sys/fs/cgroup/cpuset/cpuset.cpus":         {Data: []byte("0-7\n")},
		"sys/fs/cgroup/cpuset/cpuset.mems":         {Data: []byte("0-1\n")},
		"sys/fs/cgroup/cpuset/a/b/cpuset.mems":     {Data: []byte("what\n")},
		"sys/fs/cgroup/cpuset.cpus.effective":      {Data: []byte("9\n")}, // of a version that has no say here
		"sys/fs/cgroup/cpuset/cpuset.mems.trouble": {Data: []byte("5\n")},
	}}
	l := r.limits()
	if !slices.Equal(l.cpus, []int{2, 3}) || !slices.Equal(l.mems, []int{0, 1}) {
		t.Errorf("%+v", l)
	}
}
