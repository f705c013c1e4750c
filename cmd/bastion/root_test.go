package main

import (
	"bytes"
	"runtime/debug"
	"strings"
	"testing"
)

func call(args ...string) (status int, stdout, stderr string) {
	var out, err bytes.Buffer
	status = execute(args, &out, &err)
	return status, out.String(), err.String()
}

func TestUsageErrorsNameWhatIsWrong(t *testing.T) {
	for line, want := range map[string]string{
		"frob":                          `"frob"`,
		"demo now":                      `"now"`,
		"demo --frob":                   "--frob",
		"demo --shards 0":               "--shards: 0",
		"demo --shards many":            "--shards",
		"demo --shards 1001":            "--shards: 1001",
		"demo --clients -1":             "--clients: -1",
		"demo --for -1s":                "--for: -1s",
		"demo --for 20":                 "--for",
		"demo --chaos mild":             "--chaos",
		"demo --chaos -1":               "--chaos",
		"demo --chaos NaN":              "--chaos",
		"demo --seed x":                 "--seed",
		"demo --listen nowhere":         "--listen",
		"demo --listen 127.0.0.1:99999": "--listen",
		"demo --deaths 1":               "--deaths",
		"demo --fort --deaths -1":       "--deaths: -1",
		"demo --fort --deaths NaN":      "--deaths: NaN",
		"demo --fort --chaos heavy":     "--chaos",
		"demo --fort --listen nowhere":  "--listen",
		"demo --log /no/such/folder/x":  "--log",
		"version please":                `"please"`,
	} {
		status, stdout, stderr := call(strings.Fields(line)...)
		if status != exitUsage || !strings.Contains(stderr, want) || stdout != "" {
			t.Errorf("%s: status %d, said %q (and %q), want %q", line, status, stderr, stdout, want)
		}
		if strings.Count(stderr, "\n") != 2 {
			t.Errorf("%s: an error and a hint are two lines: %q", line, stderr)
		}
	}
}

func TestHelp(t *testing.T) {
	for _, line := range []string{"help", "--help", "", "help demo", "demo --help"} {
		status, stdout, stderr := call(strings.Fields(line)...)
		if status != exitDone || !strings.Contains(stdout, "demo") || stderr != "" {
			t.Errorf("%q: status %d, %q, %q", line, status, stdout, stderr)
		}
	}
	if _, stdout, _ := call("help", "demo"); !strings.Contains(stdout, "--chaos") || !strings.Contains(stdout, "Ctrl-C") {
		t.Errorf("help demo: %q", stdout)
	}
}

func TestVersion(t *testing.T) {
	status, stdout, _ := call("version")
	if status != exitDone || !strings.HasPrefix(stdout, "bastion ") {
		t.Errorf("status %d, %q", status, stdout)
	}
	info := &debug.BuildInfo{Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "0123456789abcdef"}, {Key: "vcs.modified", Value: "true"}}}
	info.Main.Version = "v0.1.0"
	if got := versionLine(info); !strings.HasPrefix(got, "bastion v0.1.0 0123456789ab (modified), go") {
		t.Errorf("%q", got)
	}
}

func TestDemoInAPipe(t *testing.T) {
	status, stdout, stderr := call("demo", "--for", "300ms", "--chaos", "100", "--seed", "1", "--clients", "4")
	if status != exitDone || stderr != "" {
		t.Fatalf("status %d, %s\n%s", status, stderr, stdout)
	}
	for _, want := range []string{"Bastion demo: ", "books at rest", "\nPASS: "} {
		if !strings.Contains(stdout, want) {
			t.Errorf("no %q in %s", want, stdout)
		}
	}
	status, stdout, _ = call("demo", "--for", "100ms", "--json", "--clients", "1")
	if status != exitDone || !strings.HasPrefix(stdout, "{\n") || !strings.Contains(stdout, `"passed": true`) {
		t.Errorf("status %d, %q", status, stdout)
	}
}
