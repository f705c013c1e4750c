package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A machine's copy, as somebody would send it in: two CPUs, and no more said of them.
func copied(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{
		"sys/devices/system/cpu/online": "0-1\n",
		"proc/self/cgroup":              "0::/\n",
		"proc/self/status":              "Cpus_allowed_list:\t0-1\n",
	} {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestTopologyFromACopy(t *testing.T) {
	status, stdout, stderr := call("topology", "--from", copied(t), "--workers", "3")
	want := `1 package, 2 cores, 2 CPUs, 1 memory node, 1 domain; from sysfs
3 workers. In a core's box: its CPUs, each with its workers.
They are all in one domain, and nothing ties them to CPUs.

┌ package 0 ──────────────────────┐
│ ┌ node 0 · domain 0 ──────────┐ │
│ │ ┌ core 0 ───┐ ┌ core 1 ───┐ │ │
│ │ │ 0   w0 w2 │ │ 1   w1    │ │ │
│ │ └───────────┘ └───────────┘ │ │
│ └─────────────────────────────┘ │
└─────────────────────────────────┘

What was not to be had:
`
	if status != exitDone || stderr != "" || !strings.HasPrefix(stdout, want) {
		t.Errorf("status %d, %s\n%s", status, stderr, stdout)
	}
}

func TestTopologyOfThisMachine(t *testing.T) {
	status, stdout, stderr := call("topology")
	if status != exitDone || stderr != "" || !strings.Contains(stdout, "┌ core ") || !strings.Contains(stdout, " w0") {
		t.Errorf("status %d, %s\n%s", status, stderr, stdout)
	}
	status, stdout, _ = call("topology", "--json", "--workers", "2")
	var machine struct{ Workers []struct{ CPU int } }
	if err := json.Unmarshal([]byte(stdout), &machine); err != nil || status != exitDone || len(machine.Workers) != 2 {
		t.Errorf("status %d, %v\n%s", status, err, stdout)
	}
}

func TestTopologyUsage(t *testing.T) {
	for _, line := range [][]string{
		{"--workers: 0", "--workers", "0"}, {"--workers: -1", "--workers=-1"}, {"--workers: 65537", "--workers", "65537"},
		{"--workers", "--workers", "all"}, {"--affinity: ", "--affinity", "tight"},
		{"Config.Workers: 60000 ", "--affinity", "core", "--workers", "60000"}, {`"now"`, "now"}, {"--from: ", "--from", "no/such/folder"},
		{"--from: there is neither a folder sys nor proc", "--from", t.TempDir()},
	} {
		status, stdout, stderr := call(append([]string{"topology"}, line[1:]...)...)
		if status != exitUsage || !strings.Contains(stderr, line[0]) || stdout != "" || strings.Count(stderr, "\n") != 2 {
			t.Errorf("%v: status %d, %q, %q", line[1:], status, stdout, stderr)
		}
	}
}

// A link in a copy that points at the real machine is not followed.
func TestTopologyStaysBelowItsRoot(t *testing.T) {
	dir, elsewhere := copied(t), copied(t)
	file := filepath.Join(dir, "sys", "devices", "system", "cpu", "online")
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(elsewhere, "sys", "devices", "system", "cpu", "online"), file); err != nil {
		t.Skip(err)
	}
	status, stdout, _ := call("topology", "--from", dir)
	if status != exitDone || !strings.Contains(stdout, "from flat") || !strings.Contains(stdout, "online cannot be read") {
		t.Errorf("status %d\n%s", status, stdout)
	}
}
