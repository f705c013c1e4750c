package numatest

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	// patience is far above the half minute that a machine takes: two cores that others use as well may be ten times
	// as slow.
	patience = 8 * time.Minute
	nodeSize = 160 // MiB
	qemu     = "qemu-system-x86_64"
)

func TestMain(m *testing.M) {
	if os.Getpid() == 1 {
		runGuest()
	}
	os.Exit(m.Run())
}

// TestE4_RealNUMA boots every machine, and is the judge of what it prints.
func TestE4_RealNUMA(t *testing.T) {
	kernel := os.Getenv("BASTION_NUMA_KERNEL")
	if _, err := exec.LookPath(qemu); err != nil || kernel == "" {
		notRun(t, "it needs "+qemu+", and the path of a Linux kernel in BASTION_NUMA_KERNEL: make numa")
	}
	initrd := filepath.Join(t.TempDir(), "initrd")
	if err := os.WriteFile(initrd, initramfs(t), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, m := range machines {
		t.Run(m.name, func(t *testing.T) { m.boot(t, kernel, initrd) })
	}
}

// notRun says it where people look even if they did not ask for verbose output of tests that pass.
func notRun(t *testing.T, why string) {
	fmt.Fprintf(os.Stderr, "!!! NOT RUN: %s: %s\n", t.Name(), why)
	t.Skip("NOT RUN: " + why)
}

// initramfs is a file system with this package's test binary as its only program.
func initramfs(t *testing.T) []byte {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "init")
	build := exec.Command("go", "test", "-c", "-o", binary, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", build, err, out)
	}
	init, err := os.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	var a archive
	for _, name := range []string{"dev", "proc", "sys"} {
		a.folder(name)
	}
	a.device("dev/console", 5, 1) // else the kernel gives its program no standard output
	a.program("init", init)
	return a.end()
}

// arguments are qemu's.
func (m *machine) arguments(kernel, initrd string) []string {
	all := m.nodes + m.memory
	args := []string{
		"-nodefaults", "-no-user-config", "-display", "none", "-serial", "stdio", "-no-reboot",
		"-accel", "tcg,thread=multi", "-cpu", "max,vendor=GenuineIntel", "-smp", m.smp, "-m", fmt.Sprintf("%dM", all*nodeSize),
		"-kernel", kernel, "-initrd", initrd,
		// panic=-1: a kernel that panics restarts at once, which with -no-reboot is the end.
		"-append", "console=ttyS0 quiet panic=-1 oops=panic mitigations=off " + machineArgument + m.name + " " + onlyArgument + os.Getenv("BASTION_NUMA_ONLY"),
	}
	for n := range all {
		node := fmt.Sprintf("node,nodeid=%d,memdev=m%d", n, n)
		if n < m.nodes {
			node += fmt.Sprintf(",cpus=%d-%d", n*m.cpus, (n+1)*m.cpus-1)
		}
		args = append(args, "-object", fmt.Sprintf("memory-backend-ram,id=m%d,size=%dM", n, nodeSize), "-numa", node)
	}
	for from := range all {
		for to := range all {
			args = append(args, "-numa", fmt.Sprintf("dist,src=%d,dst=%d,val=%d", from, to, m.distance[from][to]))
		}
	}
	return args
}

// boots is how often a machine is started that does not come to say its first word within silence: now and then the
// kernel hangs in its boot, long before our program, with all the emulated CPUs spinning.
const (
	boots   = 3
	silence = 90 * time.Second
)

// boot runs the machine to its end, and fails for what it says and for what it does not say.
func (m *machine) boot(t *testing.T, kernel, initrd string) {
	for i := range boots {
		if m.try(t, kernel, initrd, i == boots-1) {
			return
		}
		t.Logf("%s: not a word within %v: booted again", m.name, silence)
	}
}

// try is one boot. False: it hung, and was not judged, which the last one always is.
func (m *machine) try(t *testing.T, kernel, initrd string, last bool) (judged bool) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, qemu, m.arguments(kernel, initrd)...)
	cmd.Stderr = os.Stderr
	serial, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	var v verdicts
	mute := time.AfterFunc(silence, cancel)
	if last {
		mute.Stop()
	}
	lines := bufio.NewScanner(serial)
	for lines.Scan() {
		if strings.Contains(lines.Text(), voice) {
			mute.Stop()
			v.spoke = true
		}
		if v.hear(t, strings.TrimSpace(lines.Text())) {
			cancel() // a machine that says that it is done, or dead, has nothing more to say
		}
	}
	err = cmd.Wait()
	if !v.spoke && !v.panic && !last && time.Since(began) >= silence {
		return false
	}
	t.Logf("%s: %v", m.name, time.Since(began).Round(time.Second/10))
	if ctx.Err() == context.DeadlineExceeded {
		t.Errorf("it did not come to an end within %v", patience)
	}
	v.judge(t, err)
	return true
}

// verdicts are what a machine has said.
type verdicts struct {
	spoke  bool // it has come as far as our program
	passed []string
	failed bool
	done   bool
	panic  bool
	tail   []string // its last lines
}

// hear takes one line, and reports whether it is the last one of interest.
func (v *verdicts) hear(t *testing.T, line string) (last bool) {
	const kept = 40
	v.tail = append(v.tail, line)
	v.tail = v.tail[max(0, len(v.tail)-kept):]
	if strings.Contains(line, "Kernel panic") {
		v.panic = true
		return false // a few lines of its stack follow, and then it ends by itself
	}
	_, said, ok := strings.Cut(line, voice)
	if !ok {
		return false
	}
	word, rest, _ := strings.Cut(said, " ")
	switch word {
	case "pass":
		v.passed = append(v.passed, strings.Fields(rest)[0])
	case "fail":
		v.failed = true
		t.Errorf("%s", rest)
	case "log":
		t.Log(rest)
	case "done":
		v.done = true
	}
	return v.done
}

// judge fails for what was not said.
func (v *verdicts) judge(t *testing.T, err error) {
	t.Helper()
	if v.panic {
		t.Errorf("the kernel panicked (%s on %s)", qemu, runtime.GOARCH)
	}
	if !v.done {
		t.Errorf("it ended before its time: %v; its last lines:\n%s", err, strings.Join(v.tail, "\n"))
	}
	for _, c := range checks {
		if !v.failed && !slices.Contains(v.passed, c.name) {
			t.Errorf("no word of the check %s", c.name)
		}
	}
}
