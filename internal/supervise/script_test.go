package supervise

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// script runs the commands of a transcript against a Machine. It is the driver of the tests: it performs nothing, but it
// remembers what was asked of it, so that "obey" can answer.
//
//	start STRATEGY [max=N] [within=D] [exceeded=X] [retry=D] [auto=any|all] CHILD...   CHILD: name[:type]
//	configure STRATEGY [max=N] [within=D] [exceeded=X] [retry=D] [auto=any|all]
//	child NAME [type] [tries=N [in=D]] [first=D kind=K step=D factor=F cap=D jitter=F healthy=D] [significant] [before=NAME]
//	boot | shutdown
//	started NAME            failed NAME [jitter=F] [outcome=O]
//	exit NAME CLASS [up=D] [jitter=F] [outcome=O]
//	due NAME
//	order start|stop|restart|remove NAME
//	move NAME before NAME | move NAME last
//	obey                    everybody who was asked to start or stop does so, until there is no more to do
//	show                    the children in their order, with what they do
//
// Each line may begin with "at D", the time since the beginning.
type script struct {
	m     *Machine
	ids   map[string]ID
	names map[ID]string
	now   time.Time
	asked []Action // starts and stops not answered yet, oldest first
	out   []string
}

func newScript() *script {
	return &script{ids: map[string]ID{}, names: map[ID]string{}, now: time.Unix(0, 0)}
}

// run executes one command line.
func (s *script) run(line string) error {
	words := strings.Fields(line)
	if len(words) > 2 && words[0] == "at" {
		d, err := time.ParseDuration(words[1])
		if err != nil {
			return err
		}
		s.now = time.Unix(0, 0).Add(d)
		words = words[2:]
	}
	a, err := parseArgs(words)
	if err != nil {
		return err
	}
	switch a.verb {
	case "start":
		return s.start(a)
	case "configure":
		s.configure(a)
		return a.unused()
	case "child":
		return s.child(a)
	case "obey":
		return s.obey()
	case "show":
		s.show()
		return nil
	}
	ev, err := s.event(a)
	if err != nil {
		return err
	}
	s.step(ev)
	return a.unused()
}

func (s *script) start(a *args) error {
	s.m = New(OneForOne, Intensity{})
	s.configure(a)
	for w := a.word(); w != ""; w = a.word() {
		name, typ, _ := strings.Cut(w, ":")
		c := Child{ID: s.id(name)}
		if typ != "" {
			c.Type = parse[Type](a, typ, 3)
		}
		s.m.Declare(c, 0)
	}
	return a.unused()
}

func (s *script) configure(a *args) {
	var in Intensity
	in.Max = a.count("max", 1)
	in.Within = a.dur("within", 5*time.Second)
	in.Exceeded = pick[Exceeded](a, "exceeded", 3)
	in.RetryAfter = a.dur("retry", 0)
	s.m.Configure(parse[Strategy](a, a.word(), 3), in, pick[AutoShutdown](a, "auto", 3))
}

func (s *script) child(a *args) error {
	c := Child{ID: s.id(a.word())}
	for w := a.word(); w != ""; w = a.word() {
		if w == "significant" {
			c.Significant = true
			continue
		}
		c.Type = parse[Type](a, w, 3)
	}
	c.Tries, c.TriesWithin = a.count("tries", 0), a.dur("in", 0)
	c.Backoff = Backoff{
		First: a.dur("first", 0), Step: a.dur("step", 0), Factor: a.num("factor"), Max: a.dur("cap", 0),
		Jitter: a.num("jitter"), Healthy: a.dur("healthy", 0), Kind: pick[BackoffKind](a, "kind", 4),
	}
	if c.Backoff.First > 0 && c.Backoff.Kind == NoBackoff {
		c.Backoff.Kind = Constant
	}
	s.m.Declare(c, s.ids[a.opt("before")])
	return a.unused()
}

var plainEvents = map[string]EventKind{
	"boot": EvBoot, "shutdown": EvShutdown, "started": EvStarted, "failed": EvStartFailed, "exit": EvExited, "due": EvDue,
	"order": EvStartChild, "move": EvMove,
}

var orders = map[string]EventKind{
	"start": EvStartChild, "stop": EvStopChild, "restart": EvRestartChild, "remove": EvRemoveChild,
}

func (s *script) event(a *args) (Event, error) {
	kind, ok := plainEvents[a.verb]
	if !ok {
		return Event{}, fmt.Errorf("unknown command %q", a.verb)
	}
	if a.verb == "order" {
		if kind, ok = orders[a.word()]; !ok {
			return Event{}, fmt.Errorf("unknown order")
		}
	}
	ev := Event{Kind: kind}
	if kind == EvBoot || kind == EvShutdown {
		return ev, nil
	}
	name := a.word()
	if ev.ID, ok = s.ids[name]; !ok {
		return ev, fmt.Errorf("unknown child %q", name)
	}
	switch kind {
	case EvMove:
		if a.word() == "before" {
			ev.Before = s.ids[a.word()]
		}
	case EvExited:
		ev.Class = parse[Class](a, a.word(), 3)
	}
	ev.Outcome = pick[Outcome](a, "outcome", 5)
	ev.Jitter, ev.Up = a.num("jitter"), a.dur("up", 0)
	return ev, nil
}

// step passes one event and writes down what comes out. An answer settles what had been asked of that child.
func (s *script) step(ev Event) {
	switch ev.Kind {
	case EvStarted, EvStartFailed, EvExited:
		s.answered(ev.ID)
	}
	for _, act := range s.m.Step(s.now, ev) {
		s.out = append(s.out, act.Text(func(id ID) string { return s.names[id] }))
		switch act.Kind {
		case ActStop:
			s.answered(act.ID) // the stop takes the place of a start that is still under way
			s.asked = append(s.asked, act)
		case ActStart:
			s.asked = append(s.asked, act)
		}
	}
}

func (s *script) answered(id ID) {
	for i, a := range s.asked {
		if a.ID == id {
			s.asked = append(s.asked[:i], s.asked[i+1:]...)
			return
		}
	}
}

func (s *script) obey() error {
	for n := 0; len(s.asked) > 0; n++ {
		if n > 1000 {
			return fmt.Errorf("no end in sight")
		}
		ev := Event{Kind: EvStarted, ID: s.asked[0].ID}
		if s.asked[0].Kind == ActStop {
			ev = Event{Kind: EvExited, ID: s.asked[0].ID, Class: ClassShutdown}
		}
		s.step(ev)
	}
	return nil
}

func (s *script) show() {
	for _, id := range s.m.Children(nil) {
		st, _ := s.m.Status(id)
		s.out = append(s.out, s.names[id]+" is "+st.String())
	}
}

func (s *script) id(name string) ID {
	if id, ok := s.ids[name]; ok {
		return id
	}
	id := ID(len(s.ids) + 1)
	s.ids[name], s.names[id] = id, name
	return id
}

// args is a command split into plain words and key=value options. The first error sticks.
type args struct {
	verb  string
	words []string
	opts  map[string]string
	err   error
}

func parseArgs(words []string) (*args, error) {
	if len(words) == 0 {
		return nil, fmt.Errorf("empty command")
	}
	a := &args{verb: words[0], opts: map[string]string{}}
	for _, w := range words[1:] {
		if k, v, ok := strings.Cut(w, "="); ok {
			a.opts[k] = v
		} else {
			a.words = append(a.words, w)
		}
	}
	return a, nil
}

func (a *args) word() string {
	if len(a.words) == 0 {
		return ""
	}
	w := a.words[0]
	a.words = a.words[1:]
	return w
}

func (a *args) opt(key string) string {
	v := a.opts[key]
	delete(a.opts, key)
	return v
}

func (a *args) dur(key string, def time.Duration) time.Duration {
	v := a.opt(key)
	if v == "" {
		return def
	}
	d, err := time.ParseDuration(v)
	a.fail(err)
	return d
}

func (a *args) count(key string, def int) int {
	switch v := a.opt(key); v {
	case "":
		return def
	case "unlimited":
		return math.MaxInt
	default:
		n, err := strconv.Atoi(v)
		a.fail(err)
		return n
	}
}

func (a *args) num(key string) float64 {
	v := a.opt(key)
	if v == "" {
		return 0
	}
	f, err := strconv.ParseFloat(v, 64)
	a.fail(err)
	return f
}

func (a *args) fail(err error) {
	if a.err == nil {
		a.err = err
	}
}

// unused reports what nobody asked for: a typing mistake must not pass as a proof.
func (a *args) unused() error {
	if a.err == nil && len(a.words)+len(a.opts) > 0 {
		a.err = fmt.Errorf("%s: cannot make sense of %v %v", a.verb, a.words, a.opts)
	}
	return a.err
}

// parse finds the value of an enumeration whose String is w.
func parse[T interface {
	~uint8
	fmt.Stringer
}](a *args, w string, n int) T {
	for v := T(0); int(v) < n; v++ {
		if v.String() == w {
			return v
		}
	}
	a.fail(fmt.Errorf("%s: cannot make sense of %q", a.verb, w))
	return 0
}

func pick[T interface {
	~uint8
	fmt.Stringer
}](a *args, key string, n int) T {
	if v := a.opt(key); v != "" {
		return parse[T](a, v, n)
	}
	return 0
}
