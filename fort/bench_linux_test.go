package fort_test

import (
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"
	"time"
)

// BenchmarkF1_CrashToServing is the time from kill -9 until the next incarnation has
// its socket and has said so, beside what the system needs to start the same binary,
// bare, until it listens and has said so. Both are medians; only their ratio says
// much about another machine.
func BenchmarkF1_CrashToServing(b *testing.B) {
	exe, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	r := begin(b, "server")
	_, pid := r.serving()
	var guarded, bare []time.Duration
	for b.Loop() {
		began := time.Now()
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			b.Fatal(err)
		}
		_, pid = r.serving()
		guarded = append(guarded, time.Since(began))

		began = time.Now()
		alone := start(b, exe, "server", []string{"BASTION_FORT=off"}, func(*exec.Cmd) {})
		alone.serving()
		bare = append(bare, time.Since(began))
		_ = alone.cmd.Process.Kill()
		<-alone.ended
	}
	with, without := median(guarded), median(bare)
	b.ReportMetric(float64(with)/1e6, "ms-p50")
	b.ReportMetric(float64(without)/1e6, "ms-bare-p50")
	b.ReportMetric(float64(with)/float64(without), "ratio")
	b.ReportMetric(0, "ns/op") // both together: it says nothing
}

func median(of []time.Duration) time.Duration {
	slices.Sort(of)
	return of[len(of)/2]
}
