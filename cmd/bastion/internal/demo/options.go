package demo

import (
	"log/slog"
	"time"
)

// Options says what to run. The zero value of a field that has no other word means none of it.
type Options struct {
	Listen  string // address of the service
	Shards  int
	Clients int
	Seed    uint64

	// The failures: so many a second on average or, if Every is set, one after every so many answered requests.
	Chaos float64
	Every uint64
	Hang  time.Duration // how long a process that hangs may do so; 0: 2 s

	// The end: whichever of these comes first.
	For      time.Duration
	Requests uint64 // so many have been answered
	Quit     <-chan struct{}

	Log *slog.Logger // crash reports go here; nil: nowhere, they show in the view only
}

func (o Options) withDefaults() Options {
	if o.Hang == 0 {
		o.Hang = 2 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}
