package demo

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/bastion-go/bastion"
)

// A Plain view writes lines: for files, pipes and readers of logs. The first explains; then there is a line a second.
type Plain struct {
	out    io.Writer
	phase  string
	next   time.Duration // when the next line is due
	unsaid []string      // events since the latest line
}

// NewPlain makes a Plain that writes to out.
func NewPlain(out io.Writer) *Plain { return &Plain{out: out, next: time.Second} }

// plainEvents is how many events a line brings along; more are counted only.
const plainEvents = 3

// Show writes what a second has brought once it is over, and a new phase at once.
func (p *Plain) Show(s Snapshot) {
	p.show(headline(s), plainLegend, s.Phase, s.Elapsed, s.Fresh, func(events []string) string { return plainLines(s, events) })
}

// show keeps the rhythm; lines are what a second has brought.
func (p *Plain) show(headline, legend, phase string, elapsed time.Duration, fresh []string, lines func(events []string) string) {
	if p.phase == "" {
		fmt.Fprintln(p.out, headline)
		fmt.Fprint(p.out, legend)
	}
	if phase != p.phase {
		fmt.Fprintf(p.out, "-- %s\n", phase)
		p.phase = phase
	}
	p.unsaid = append(p.unsaid, fresh...)
	if elapsed < p.next {
		return
	}
	p.next = elapsed.Truncate(time.Second) + time.Second
	fmt.Fprint(p.out, lines(p.unsaid))
	p.unsaid = nil
}

const plainLegend = `Every client checks every answer against its own last write. A shard's life goes up with each restart. While a shard
hangs, each client waits for it sooner or later, half a second a time: requests drop, and come back with the shard.
`

// Close does nothing: every line is complete.
func (p *Plain) Close() {}

func plainLines(s Snapshot, events []string) string {
	var b strings.Builder
	service := child(s.Tree, "kv")
	fmt.Fprintf(&b, "%6.1f s  %s requests/s (p50 %s, p99 %s)  %s messages/s  injected %d  restarts %d  in mailboxes %d  wrong %d\n",
		s.Elapsed.Seconds(), thousands(uint64(s.RequestRate)), short(s.P50), short(s.P99), thousands(uint64(s.MessageRate)),
		s.Injected.Total(), restarts(s.Tree), mailbox(s.Tree), s.Wrong)
	fmt.Fprintf(&b, "          shards, life/mailbox: %s  connections %d  listener, life %d\n",
		shardLives(service), len(child(service, "connections").Children)+child(service, "connections").Omitted, child(service, "listener").Incarnation)
	fmt.Fprintf(&b, "          books: %s\n", booksLine(s.Books))
	for i, event := range events {
		if i == plainEvents {
			fmt.Fprintf(&b, "          … and %s\n", plural(len(events)-i, "more event"))
			break
		}
		fmt.Fprintf(&b, "          event at %s\n", strings.TrimSpace(event))
	}
	return b.String()
}

const maxPlainShards = 16

func shardLives(service bastion.Node) string {
	var lives []string
	shards := child(service, "shards")
	for i, shard := range shards.Children {
		if i == maxPlainShards {
			lives = append(lives, fmt.Sprintf("… %d more", len(shards.Children)+shards.Omitted-i))
			break
		}
		mark := ""
		if state := shard.State.String(); state != "running" {
			mark = " " + state
		}
		lives = append(lives, fmt.Sprintf("%d/%d%s", shard.Incarnation, shard.Mailbox, mark))
	}
	return strings.Join(lives, ", ")
}
