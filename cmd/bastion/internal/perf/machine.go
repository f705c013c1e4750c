package perf

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strings"
)

// Machine is what must be said beside every figure: results from different
// CPU models are never compared.
type Machine struct {
	CPU        string `json:"cpu"`
	CPUs       int    `json:"cpus"`
	GOMAXPROCS int    `json:"gomaxprocs"`
	Go         string `json:"go"`
	OS         string `json:"os"`
	Arch       string `json:"arch"`
	CPUClock   string `json:"cpu_clock"` // where rows in CPU time take it from
}

// ThisMachine describes the machine that the program runs on.
func ThisMachine() Machine {
	return Machine{
		CPU:        cpuModel(),
		CPUs:       runtime.NumCPU(),
		GOMAXPROCS: runtime.GOMAXPROCS(0),
		Go:         runtime.Version(),
		OS:         runtime.GOOS,
		Arch:       runtime.GOARCH,
		CPUClock:   cpuClock,
	}
}

func (m Machine) String() string {
	return fmt.Sprintf("%s, %d CPUs, GOMAXPROCS %d, %s %s/%s, CPU time by %s",
		m.CPU, m.CPUs, m.GOMAXPROCS, m.Go, m.OS, m.Arch, m.CPUClock)
}

// cpuModel reads the name that Linux gives; elsewhere, and on machines whose
// kernel gives none, the architecture has to do.
func cpuModel() string {
	file, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		key, value, ok := strings.Cut(lines.Text(), ":")
		if ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}
