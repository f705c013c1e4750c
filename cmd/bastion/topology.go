package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/bastion-go/bastion/cmd/bastion/internal/floorplan"
	"github.com/bastion-go/bastion/executor"
	"github.com/bastion-go/bastion/executor/topology"
)

// topologyCall is one call of `bastion topology`.
type topologyCall struct {
	from     string
	workers  int
	affinity string
	json     bool
}

const (
	// maxWorkers is far above every machine there is, and far below what takes long to lay out.
	maxWorkers = 1 << 16
	// plainWidth is for a pipe or a file, which have no width.
	plainWidth = 100
)

func newTopology() *cobra.Command {
	var call topologyCall
	cmd := &cobra.Command{
		Use:   "topology",
		Short: "Draw this machine, and which worker belongs where",
		Long: `Draw the machine as far as this process may use it: packages, memory nodes,
shared caches, cores and their CPUs (hardware threads), and the places that a
system would give its workers there. The places are asked of an executor, not
computed beside it.

CPUs are left out that are offline, or outside of the affinity mask or cpuset.
What could not be read, and what was assumed instead, stands at the end.

A copy of a machine's files, for --from, is made by

  mkdir -p copy/sys/devices/system copy/proc/self
  cp -r /sys/devices/system/cpu /sys/devices/system/node copy/sys/devices/system
  cp /proc/self/status /proc/self/cgroup /proc/self/mountinfo copy/proc/self

(some files of sysfs cannot be read; that does not matter).`,
		Example: `  bastion topology
  bastion topology --workers 4 --json
  bastion topology --affinity core
  taskset -c 0-3 bastion topology
  bastion topology --from copy`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("workers") && (call.workers < 1 || call.workers > maxWorkers) {
				return usageError{fmt.Errorf("--workers: %d is not from 1 to %d", call.workers, maxWorkers)}
			}
			return call.run(cmd.OutOrStdout())
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&call.from, "from", "", "read the folders sys and proc below this one")
	flags.IntVar(&call.workers, "workers", 0, "how many workers to place (default: GOMAXPROCS, or what suits --from)")
	flags.StringVar(&call.affinity, "affinity", "auto", "what ties workers to CPUs: auto, follow, node or core")
	flags.BoolVar(&call.json, "json", false, "print JSON, with null for what is not known")
	return cmd
}

func (c topologyCall) run(out io.Writer) error {
	machine, workers := (*topology.Topology)(nil), runtime.GOMAXPROCS(0)
	if c.from == "" {
		machine = topology.Local()
	} else {
		var err error
		if machine, err = readFrom(c.from); err != nil {
			return usageError{fmt.Errorf("--from: %w", err)}
		}
		workers = machine.Parallelism()
	}
	if c.workers > 0 {
		workers = c.workers
	}
	affinity, err := affinityOf(c.affinity)
	if err != nil {
		return usageError{fmt.Errorf("--affinity: %w", err)}
	}
	plan, err := floorplan.New(machine, workers, affinity)
	if err != nil {
		return usageError{err}
	}
	if !c.json {
		_, err := io.WriteString(out, plan.Draw(widthOf(out)))
		return err
	}
	text, err := plan.JSON()
	if err != nil {
		return err
	}
	_, err = out.Write(text)
	return err
}

func affinityOf(name string) (executor.Affinity, error) {
	for a := executor.AffinityAuto; a <= executor.AffinityCore; a++ {
		if a.String() == name {
			return a, nil
		}
	}
	return 0, fmt.Errorf("%q is none of auto, follow, node and core", name)
}

// readFrom reads a copy of a machine's folders. Links in it lead nowhere else: a copy may come from anybody.
func readFrom(dir string) (*topology.Topology, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	_, sys := fs.Stat(root.FS(), "sys")
	_, proc := fs.Stat(root.FS(), "proc")
	if sys != nil && proc != nil {
		return nil, errors.New("there is neither a folder sys nor proc in " + dir)
	}
	return topology.Read(root.FS(), nil), nil
}

func widthOf(out io.Writer) int {
	if file, ok := out.(*os.File); ok {
		if width, _, err := term.GetSize(int(file.Fd())); err == nil && width > 0 {
			return width
		}
	}
	return plainWidth
}
