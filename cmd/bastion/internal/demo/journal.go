package demo

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/bastion-go/bastion"
)

// A journal keeps the last notable events of the event stream, in words.
type journal struct {
	began  time.Time
	stream *bastion.Subscription[bastion.Event]
	done   sync.WaitGroup
	mu     sync.Mutex
	recent []string
	fresh  []string // since the last call of news
}

const (
	maxRecent = 40
	maxFresh  = 100 // between two looks
)

func newJournal(sys *bastion.System, began time.Time) *journal {
	l := &journal{began: began, stream: sys.Events(4096)}
	l.done.Go(func() {
		for event := range l.stream.C() {
			if text := tell(event); text != "" {
				l.add(fmt.Sprintf("%6.1f s  %s", event.Time.Sub(l.began).Seconds(), text))
			}
		}
	})
	return l
}

func (l *journal) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.recent = append(l.recent, line)
	if len(l.recent) > maxRecent {
		l.recent = l.recent[1:]
	}
	if len(l.fresh) < maxFresh {
		l.fresh = append(l.fresh, line)
	}
}

// news returns the latest events, and apart from them those that no call of news has returned yet.
func (l *journal) news() (recent, fresh []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	recent, fresh = append(recent, l.recent...), l.fresh
	l.fresh = nil
	return recent, fresh
}

func (l *journal) close() {
	l.stream.Close()
	l.done.Wait()
}

// tell puts an event in words; those that only say that clients come and go are left out.
func tell(e bastion.Event) string {
	what := ""
	switch e.Kind {
	case bastion.EventStarted:
		if e.Incarnation < 2 {
			return ""
		}
		what = fmt.Sprintf("runs again, life %d", e.Incarnation)
	case bastion.EventFailed:
		what = fmt.Sprintf("FAILED in life %d: %s", e.Incarnation, reason(e.Reason))
	case bastion.EventSlow:
		what = fmt.Sprintf("is slow: it has not come back for longer than the watchdog likes, in life %d", e.Incarnation)
	case bastion.EventEscalated, bastion.EventAbandoned, bastion.EventSaturated:
		what = strings.TrimSpace(e.Kind.String() + " " + reason(e.Reason))
	default:
		return ""
	}
	return fmt.Sprintf("%-16s %s", shortPath(e.Path), what)
}

// reason is an error in one line of bounded length.
func reason(err error) string {
	if err == nil {
		return ""
	}
	text := []rune(strings.Join(strings.Fields(err.Error()), " "))
	if len(text) > 70 {
		text = append(text[:69], '…')
	}
	return string(text)
}

// shortPath leaves out the names of the system and of its only subtree.
func shortPath(path string) string {
	return strings.TrimPrefix(strings.TrimPrefix(path, "/demo"), "/kv/")
}
