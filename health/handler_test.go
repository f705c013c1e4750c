package health

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
)

// state is a Source that says what a test wants.
type state bastion.Health

func (s *state) Health() bastion.Health { return bastion.Health(*s) }

var (
	since   = time.Date(2026, 3, 4, 5, 6, 7, 0, time.FixedZone("", 3600))
	waiting = bastion.Problem{Path: "/shop/till", Kind: bastion.ProblemWaiting, Since: since, Until: since.Add(time.Minute), Reason: errors.New("password 1234")}
	left    = bastion.Problem{Path: "/shop/clerk", Kind: bastion.ProblemAbandoned}
	storm   = bastion.Problem{Path: "/shop", Kind: bastion.ProblemStorm, Count: 3}
)

func no(problems ...bastion.Problem) bastion.Check { return bastion.Check{Problems: problems} }

var yes = bastion.Check{OK: true}

func ask(h http.Handler, method, target string, header ...string) *http.Response {
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestStatusOfBothChecks(t *testing.T) {
	for _, c := range []struct {
		name        string
		is          state
		tolerated   int
		live, ready int
	}{
		{"all is well", state{Live: yes, Ready: yes}, 0, 200, 200},
		{"starting", state{Live: yes, Ready: no(waiting)}, 0, 200, 503},
		{"storm", state{Live: no(storm), Ready: yes}, 0, 503, 200},
		{"one abandoned", state{Live: no(left), Ready: yes}, 0, 503, 200},
		{"one abandoned and tolerated", state{Live: no(left), Ready: yes}, 1, 200, 200},
		{"one too many", state{Live: no(left, left), Ready: yes}, 1, 503, 200},
		{"a storm is not tolerated", state{Live: no(left, storm), Ready: yes}, 5, 503, 200},
		{"more than is listed", state{Live: bastion.Check{Problems: []bastion.Problem{left}, Omitted: 1}, Ready: yes}, 1, 503, 200},
		{"readiness knows no tolerance", state{Live: yes, Ready: no(left)}, 1, 200, 503},
	} {
		h := Handler{Of: &c.is, Abandoned: c.tolerated}
		for target, want := range map[string]int{"/livez": c.live, "/readyz": c.ready, "/some/where/livez": c.live, "/x/readyz?verbose": c.ready} {
			if got := ask(h, "GET", target).StatusCode; got != want {
				t.Errorf("%s: %s is %d, want %d", c.name, target, got, want)
			}
		}
	}
	if got := ask(Handler{}, "GET", "/livez").StatusCode; got != 503 {
		t.Errorf("nobody is alive: %d", got)
	}
}

func TestWhatIsNotAsked(t *testing.T) {
	h := Handler{Of: &state{Live: yes, Ready: yes}}
	for _, target := range []string{"/", "/health", "/livez/x", "/livezz"} {
		if r := ask(h, "GET", target); r.StatusCode != 404 || !strings.Contains(body(t, r), "livez or readyz") {
			t.Errorf("%s: %d", target, r.StatusCode)
		}
	}
	for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS"} {
		if r := ask(h, method, "/livez"); r.StatusCode != 405 || r.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: %d", method, r.StatusCode)
		}
	}
}

func TestText(t *testing.T) {
	h := Handler{Of: &state{State: "running", Live: yes, Ready: bastion.Check{Problems: []bastion.Problem{storm, waiting}, Omitted: 7}}}
	for target, want := range map[string]string{
		"/livez":  "ok\n",
		"/readyz": "readyz: no: 9 problems\n",
		"/readyz?verbose": `readyz: no: 9 problems
the system is running
[-] /shop: restart storm (3)
[-] /shop/till: waiting to be restarted, since 2026-03-04T04:06:07Z, until 2026-03-04T04:07:07Z
… and 7 more
`,
		"/livez?verbose": "ok\nthe system is running\n",
	} {
		r := ask(h, "GET", target)
		if got := body(t, r); got != want || !strings.HasPrefix(r.Header.Get("Content-Type"), "text/plain") {
			t.Errorf("%s: %q as %s", target, got, r.Header.Get("Content-Type"))
		}
		if r.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s may be cached", target)
		}
		if r := ask(h, "HEAD", target); body(t, r) != "" || r.StatusCode != ask(h, "GET", target).StatusCode {
			t.Errorf("HEAD %s has a body or another status", target)
		}
	}
	if got := body(t, ask(Handler{Of: &state{Live: no(left)}}, "GET", "/livez")); got != "livez: no: 1 problem\n" {
		t.Errorf("%q", got)
	}
	if got := body(t, ask(Handler{Of: &state{Live: no(left)}, Abandoned: 2}, "GET", "/livez")); got != "ok, with 1 tolerated\n" {
		t.Errorf("%q", got)
	}
}

func TestJSON(t *testing.T) {
	h := Handler{Of: &state{State: "running", Ready: bastion.Check{Problems: []bastion.Problem{storm, waiting}, Omitted: 7}}}
	for _, c := range []struct {
		target, accept string
		json           bool
	}{
		{"/readyz", "", false},
		{"/readyz", "*/*", false},
		{"/readyz?format=json", "", true},
		{"/readyz?format=text", "application/json", false},
		{"/readyz", "application/json", true},
		{"/readyz", "application/json;q=0.9, text/plain", true},
		{"/readyz", "text/html, application/json", false},
	} {
		r := ask(h, "GET", c.target, "Accept", c.accept)
		if json.Valid([]byte(body(t, r))) != c.json || (r.Header.Get("Content-Type") == "application/json") != c.json {
			t.Errorf("%s accepting %q: %s", c.target, c.accept, r.Header.Get("Content-Type"))
		}
	}
	if got, want := body(t, ask(h, "GET", "/readyz?format=json")), `{"check":"readyz","ok":false,"state":"running","problem_count":9}`+"\n"; got != want {
		t.Errorf("%s", got)
	}
	want := `{"check":"readyz","ok":false,"state":"running","problem_count":9,"problems":[` +
		`{"path":"/shop","kind":"restart storm","count":3},` +
		`{"path":"/shop/till","kind":"waiting to be restarted","since":"2026-03-04T04:06:07Z","until":"2026-03-04T04:07:07Z"}]}` + "\n"
	if got := body(t, ask(h, "GET", "/readyz?format=json&verbose")); got != want {
		t.Errorf("%s", got)
	}
}

// A real system from before its start to after its stop.
func TestASystemsLife(t *testing.T) {
	sys, err := bastion.New(bastion.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	proceed := make(chan struct{})
	if _, err := sys.Supervise(bastion.SupervisorSpec{Name: "shop", Children: []bastion.ChildSpec{{
		Name: "till", WaitReady: true, Start: bastion.Loop(func(ctx *bastion.Context) error {
			<-proceed
			ctx.Ready()
			<-ctx.Done()
			return ctx.Err()
		}),
	}}}); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(Handler{Of: sys})
	defer server.Close()
	status := func(check string, want int) {
		t.Helper()
		r, err := http.Get(server.URL + "/" + check)
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		if r.StatusCode != want {
			t.Errorf("%s: %d, want %d", check, r.StatusCode, want)
		}
	}
	status("livez", 200)
	status("readyz", 503)
	started := make(chan error, 1)
	go func() { started <- sys.Start(context.Background()) }()
	status("readyz", 503)
	close(proceed)
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	status("readyz", 200)
	status("livez", 200)
	sys.LameDuck()
	status("readyz", 503)
	status("livez", 200)
	if err := sys.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	status("readyz", 503)
	status("livez", 503)
}
