package fort

import (
	"os"
	"slices"
	"syscall"

	"github.com/bastion-go/bastion/fort/internal/decide"
)

// signal passes on what the guard was sent.
func (g *guard) signal(s os.Signal) {
	number, ok := s.(syscall.Signal)
	switch {
	case !ok, number == syscall.SIGPIPE:
	case isChild(number):
		g.reap()
	case s == g.config.UpgradeSignal:
		g.askUpgrade(func(error) {})
	case slices.Contains(endingSignals, s):
		g.step(decide.Event{Kind: decide.Finish, Signal: int(number)})
	default:
		g.step(decide.Event{Kind: decide.Forward, Signal: int(number)})
	}
}
