package fort

import (
	"net"
	"os"
	"strconv"
	"time"
)

// A notifier tells the service manager that has started this process
// how that is: systemd, of a unit with Type=notify or WatchdogSec= (sd_notify(3)). It
// belongs to the guard's goroutine. Nil: nobody wants to know.
type notifier struct {
	conn    *net.UnixConn
	watch   *time.Ticker // nil: no signs of life are wanted
	serving map[int]bool // slots that have served, until all of them have
	ready   bool
	stops   bool
}

func newNotifier() *notifier {
	name := os.Getenv("NOTIFY_SOCKET")
	if name == "" {
		return nil
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		return nil // it is gone; whoever it was has other ways to find out
	}
	m := &notifier{conn: conn, serving: map[int]bool{}}
	us, err := strconv.ParseInt(os.Getenv("WATCHDOG_USEC"), 10, 64)
	pid := os.Getenv("WATCHDOG_PID")
	if err == nil && us > 1 && us < int64(1<<62)/1000 && (pid == "" || pid == strconv.Itoa(os.Getpid())) {
		m.watch = time.NewTicker(time.Duration(us) * time.Microsecond / 2)
	}
	return m
}

// due is when a sign of life is. It comes from the guard's goroutine, so that it says
// something; how the wards are is the guard's business.
func (m *notifier) due() <-chan time.Time {
	if m == nil || m.watch == nil {
		return nil
	}
	return m.watch.C
}

func (m *notifier) alive() { m.say("WATCHDOG=1") }

// served notes that a slot serves. When all do for the first time the service is up;
// what is restarted later does not change that.
func (m *notifier) served(slot, slots int) {
	if m == nil || m.ready {
		return
	}
	m.serving[slot] = true
	if len(m.serving) == slots {
		m.ready = true
		m.say("READY=1")
	}
}

func (m *notifier) stopping() {
	if m == nil || m.stops {
		return
	}
	m.stops = true
	m.say("STOPPING=1")
}

// sayTime is how long a manager that does not read may keep the guard.
const sayTime = 100 * time.Millisecond

func (m *notifier) say(state string) {
	_ = m.conn.SetWriteDeadline(time.Now().Add(sayTime))
	_, _ = m.conn.Write([]byte(state))
}

func (m *notifier) close() {
	if m == nil {
		return
	}
	if m.watch != nil {
		m.watch.Stop()
	}
	m.conn.Close()
}
