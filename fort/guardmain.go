package fort

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
)

// guardMain is the guard's main function.
func guardMain(config Config) int {
	if err := supported(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	p, err := newSelf()
	if err != nil {
		fmt.Fprintln(os.Stderr, "fort:", err)
		return 1
	}
	g := newGuard(config, p, logTo(os.Stderr))
	g.reaper, g.notifier, g.rest = newReaper(), newNotifier(), shrink
	g.keeper.inherit(g.log)
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, forwarded(config)...)
	g.reports.name = p.name
	modest()
	return g.run(signals)
}

// modest makes this process small: it has little to do and must never be in the way.
func modest() {
	runtime.GOMAXPROCS(1)
	debug.SetGCPercent(20)
	runtime.MemProfileRate = 0
	shrink() // what the initialisation of the program's packages left
}

// shrink gives back what is not used. It takes a millisecond.
func shrink() { debug.FreeOSMemory() }

func logTo(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }

// shellCode is what a shell reports for a program that could not be started.
func shellCode(err error) int {
	if isNotFound(err) {
		return 127
	}
	return 126
}

func (i Intensity) plain() string {
	p := i.plan()
	return fmt.Sprintf("%d restarts within %v (Config.Intensity)", p.Max, p.Within)
}
