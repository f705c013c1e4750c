//go:build !unix

package fort

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"
)

var errAddressInUse error = syscall.Errno(10048) // WSAEADDRINUSE

var errNoFort = fmt.Errorf("fort: %w on %s: it has no signals, process groups and sockets that can be handed on; set %s=off to run without a guard",
	errors.ErrUnsupported, runtime.GOOS, variable)

// supported reports whether this system can have a fort.
func supported() error { return errNoFort }

const resume = syscall.Signal(0)

func closeAll([]int) {}

func closeOnExec(int) {}

func isBlocking(int) bool { return false }

func blocking(int) {}

func duplicate(int) (int, error) { return -1, errNoFort }

// lockFolder does nothing: what is bound in the folder replaces nothing here.
func lockFolder(string) (unlock func(), err error) { return func() {}, nil }

func endGroup() { os.Exit(1) }

var endingSignals = []os.Signal{os.Interrupt}

func forwarded(Config) []os.Signal { return endingSignals }

func (c *Config) checkUpgradeSignal(f *faults) {
	f.add("UpgradeSignal", "%s has no signals for it", runtime.GOOS)
}
