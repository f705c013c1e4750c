package bastion_test

import (
	"go/ast"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Sizes keep one concept to a file and one thought to a function. A test function may be longer: its table is data.
const (
	maxFileLines     = 400
	maxFuncLines     = 60
	maxTestFuncLines = 100
	maxMethods       = 5
)

// longer lists what may exceed its size: "file", "file:function" or "file:interface".
var longer = map[string]string{}

func TestHouseSizes(t *testing.T) {
	spare := sparing(t, longer)
	for _, f := range sources(t) {
		if f.lines > maxFileLines && !spare.covers(f.path) {
			t.Errorf("%s has %d lines, more than %d: which two concepts does it hold?", f.path, f.lines, maxFileLines)
		}
		limit := maxFuncLines
		if f.test {
			limit = maxTestFuncLines
		}
		for _, d := range f.ast.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				n := f.fset.Position(d.End()).Line - f.fset.Position(d.Pos()).Line + 1
				if n > limit && !spare.covers(f.path+":"+d.Name.Name) {
					t.Errorf("%s: %s has %d lines, more than %d", f.at(d.Pos()), d.Name.Name, n, limit)
				}
			case *ast.GenDecl:
				for name, i := range interfaces(d) {
					if n := i.Methods.NumFields(); n > maxMethods && !spare.covers(f.path+":"+name) {
						t.Errorf("%s: interface %s has %d methods, more than %d: who could fake it?", f.at(i.Pos()), name, n, maxMethods)
					}
				}
			}
		}
	}
}

func interfaces(d *ast.GenDecl) map[string]*ast.InterfaceType {
	found := map[string]*ast.InterfaceType{}
	for _, spec := range d.Specs {
		if ts, ok := spec.(*ast.TypeSpec); ok {
			if i, ok := ts.Type.(*ast.InterfaceType); ok {
				found[ts.Name.Name] = i
			}
		}
	}
	return found
}

var (
	// A name that says nothing is a place where anything may be put.
	emptyName = regexp.MustCompile(`^(utils?|common|helpers?|misc|types|interfaces|managers?)$`)

	badNames = []struct {
		name *regexp.Regexp
		kind string // of declaration: "type", "interface" or "func"; methods are funcs
		why  string
	}{
		{regexp.MustCompile(`Manager`), "type", "say what it does; everything manages something"},
		{regexp.MustCompile(`Impl$`), "type", "a concrete type has a name of its own"},
		{regexp.MustCompile(`^I[A-Z][a-z]`), "interface", "an interface is named for its role"},
		{regexp.MustCompile(`^With[A-Z]`), "func", "configuration is a struct whose zero value works"},
		{regexp.MustCompile(`^Get[A-Z]`), "func", "no Get: the noun is enough"},
	}

	// namedSo lists names that a rule above would forbid.
	namedSo = map[string]string{
		"WithAttrs": "a method of slog.Handler",
		"WithGroup": "a method of slog.Handler",
	}
)

func TestHouseNames(t *testing.T) {
	spare := sparing(t, namedSo)
	for _, f := range sources(t) {
		parts := strings.FieldsFunc(strings.TrimSuffix(f.path, ".go"), func(r rune) bool { return r == '/' })
		parts[len(parts)-1] = strings.TrimSuffix(parts[len(parts)-1], "_test")
		for _, p := range append(parts, f.ast.Name.Name) {
			if emptyName.MatchString(p) {
				t.Errorf("%s: %q names no concept", f.path, p)
			}
		}
		for _, n := range declared(f.ast) {
			for _, bad := range badNames {
				if strings.HasPrefix(n.kind, bad.kind) && bad.name.MatchString(n.name) && !spare.covers(n.name) {
					t.Errorf("%s: %s: %s", f.at(n.pos), n.name, bad.why)
				}
			}
		}
	}
}

type declaration struct {
	name, kind string
	pos        token.Pos
}

func declared(file *ast.File) []declaration {
	var all []declaration
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			all = append(all, declaration{d.Name.Name, "func", d.Pos()})
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				if ts, ok := spec.(*ast.TypeSpec); ok {
					all = append(all, declaration{ts.Name.Name, "type", ts.Pos()})
				}
			}
			for name, i := range interfaces(d) {
				all = append(all, declaration{name, "interface", i.Pos()})
			}
		}
	}
	return all
}

// sleepers are test files that may call time.Sleep outside a synctest bubble: "file" or "file:function".
var sleepers = map[string]string{
	"internal/otptest/bastion_test.go:line": "called in the bubble of perform",
	"internal/otptest/worker_test.go:loop":  "a slow worker, in the bubble of perform",
	"internal/otptest/worker_test.go:Stop":  "a slow worker, in the bubble of perform",
	"heartbeat_test.go:pass":                "called from bubbles only, by functions that a bubble is handed to",
}

func TestHouseSleeps(t *testing.T) {
	spare := sparing(t, sleepers)
	for _, f := range sources(t) {
		if !f.test {
			continue
		}
		for _, d := range f.ast.Decls {
			name := ""
			if fn, ok := d.(*ast.FuncDecl); ok {
				name = fn.Name.Name
			}
			ast.Inspect(d, func(n ast.Node) bool {
				sel, ok := n.(*ast.SelectorExpr)
				if call, isCall := n.(*ast.CallExpr); isCall && f.bubble(call) {
					return false // its clock is not the real one
				}
				if ok && f.names(sel, "time", "Sleep") && !spare.covers(f.path) && !spare.covers(f.path+":"+name) {
					t.Errorf("%s: a test does not wait for time to pass: use testing/synctest, or wait for what is to happen", f.at(n.Pos()))
				}
				return true
			})
		}
	}
}

func (f *source) bubble(call *ast.CallExpr) bool {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	return ok && f.names(sel, "testing/synctest", "Test")
}

// goFiles may contain a go statement. Everywhere else a goroutine is had from the executor, from ctx.Go, or from one of
// these, so that its owner can stop it and wait for it.
var goFiles = map[string]string{
	"bastiontest/attempt.go":        "a run of a simulation: its driver may end by Goexit, which must not end the test; it is waited for",
	"goroutine.go":                  "ctx.Go itself: the incarnation counts its goroutines, and ends when they have returned",
	"executor/executor.go":          "the watcher: Close ends it and waits for it",
	"executor/seats.go":             "the workers: Close ends them and waits for them",
	"executor/seeded.go":            "the guard of a seeded run: Run ends it and waits for it",
	"executor/seeded_strand.go":     "the strands of a seeded run: Run ends what is left of them, and waits",
	"executor/seeded_carrier.go":    "the same, for tasks and timers",
	"executor/slow.go":              "the config's hooks are the user's and may block: the watcher calls them elsewhere, one at a time",
	"run.go":                        "Run's watch for signals: leaves when the system is down, which Run waits for",
	"system.go":                     "closing a system from one of its own agendas or processes, which cannot wait for that; Done and Wait tell",
	"crash.go":                      "a formatter and a logger are the user's: a Goexit must not end an agenda; who reports waits for them",
	"fort/process.go":               "a ward's end and what it says: they end with the ward's process, which the guard waits for",
	"fort/streams.go":               "the readers of a ward's output: they end with the streams, which are closed after its end",
	"fort/spawned.go":               "a ward's health check, notices and end: they end with the ward's process, which the guard waits for",
	"fort/ward.go":                  "the ward's ear for its guard, and Alive, which is the user's and may block: they end with the process",
	"fort/main.go":                  "the ward's watch for signals: ends when run has returned",
	"internal/osproc/start_unix.go": "the owner of a process of the system, on the thread that forked it: ends with it, which Done tells",
	"loop.go":                       "the goroutine of a loop process: its incarnation ends when it returns",

	"cmd/bastion/internal/runner/console.go":   "the console's writer: ends with Close, which does not wait for a terminal that takes nothing",
	"cmd/bastion/internal/demo/fort_ward.go":   "the ward's ear for orders: nothing ends a read from standard input but the end of the process",
	"cmd/bastion/internal/demo/fort_deaths.go": "goroutines that nobody waits for are what is shown here: the process dies of them",
	"cmd/bastion/internal/perf/baseline.go":    "goroutines are what is measured here; each benchmark waits for its own",
}

func TestHouseGoStatements(t *testing.T) {
	spare := sparing(t, goFiles)
	for _, f := range sources(t) {
		if f.test {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if g, ok := n.(*ast.GoStmt); ok && !spare.covers(f.path) {
				t.Errorf("%s: a bare go statement: who stops this goroutine, and who waits for it?", f.at(g.Pos()))
			}
			return true
		})
	}
}

// machinePath is a path that exists on one machine only. Process paths ("/shop/…") and system files ("/sys/…") are fine.
var machinePath = regexp.MustCompile("(^|[\\s\"'`(=:,\\[])/(work|root|tmp|home|Users)/[A-Za-z0-9._]")

func TestHousePaths(t *testing.T) {
	err := filepath.WalkDir(".", func(p string, d fs.DirEntry, err error) error {
		name := d.Name()
		if err != nil || d.IsDir() {
			if name == ".git" {
				return fs.SkipDir
			}
			return err
		}
		if strings.HasSuffix(name, "_test.go") || !isText(name) || !d.Type().IsRegular() {
			return nil
		}
		text, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		n := 0
		for line := range strings.Lines(string(text)) {
			n++
			if machinePath.MatchString(line) {
				t.Errorf("%s:%d: a path of somebody's machine: %s", filepath.ToSlash(p), n, strings.TrimSpace(line))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func isText(name string) bool {
	switch filepath.Ext(name) {
	case ".go", ".s", ".md", ".yml", ".yaml", ".mod", ".work", ".sh", ".txt", ".html", ".css", ".js":
		return true
	}
	return name == "Makefile" || name == "run"
}
