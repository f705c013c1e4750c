package bastion_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// The tests named TestHouse… hold the house rules of CONTRIBUTING.md over the whole tree, every module of it. They
// read source with go/parser and need neither the network nor the go command. Whatever a rule lets through stands in a
// list beside the rule, with the reason; an entry that is no longer needed fails as well, so that the lists stay short.

const modulePath = "github.com/bastion-go/bastion"

// An arrow says what a package may import. Between packages of this project only what is listed in may is allowed.
type arrow struct {
	pkg string   // folder, "." for the root; with "/..." also what is below it
	may []string // packages of this project
	why string   // why not the others
	ban bans     // packages from elsewhere
}

// bans maps an import path (and all below it) to the reason why it is forbidden.
type bans map[string]string

var coreBans = bans{
	"net":                "the core opens no sockets; that is for the program, the fort and the cluster",
	"net/http":           "serving pages is the observer's job, on top of the inspector",
	"html/template":      "serving pages is the observer's job, on top of the inspector",
	"encoding/json":      "the core has no wire format; whoever reads the inspector picks one",
	"encoding/gob":       "messages are passed as they are; only the cluster encodes",
	"github.com/nats-io": "a user of two supervised workers must not inherit a message broker",
	"plugin":             "Go cannot unload code; there is no hot code swap to build on it",
}

const (
	mechanismWhy = "mechanism knows nothing of processes and supervision: policy sits above it and imports it"
	primitiveWhy = "a primitive at the bottom imports nothing of the project"
	clientWhy    = "a client uses only what every user can: no internal package, no back door"
)

var arrows = []arrow{
	{pkg: ".", may: []string{"bastiontest", "executor", "executor/topology", "internal/backlog", "internal/backoff", "internal/goid", "internal/mailbox", "internal/relaxed", "internal/supervise", "internal/wheel"},
		why: "the root is policy over mechanism; what is built on the root is its client", ban: coreBans},
	{pkg: "executor", may: []string{"executor/topology", "internal/goid", "internal/relaxed"}, why: mechanismWhy, ban: coreBans},
	{pkg: "executor/topology", why: primitiveWhy, ban: coreBans},
	{pkg: "executor/numatest", may: []string{".", "executor", "executor/topology"},
		why: "it is only tests, which see what every program sees, on a machine of several memory nodes"},
	{pkg: "internal/backlog", why: primitiveWhy, ban: coreBans},
	{pkg: "internal/mailbox/...", may: []string{"internal/relaxed"}, why: mechanismWhy, ban: coreBans},
	{pkg: "internal/supervise/...", why: "the decision is pure; it has no one to ask", ban: coreBans},
	{pkg: "internal/backoff", may: []string{"internal/supervise"}, why: "words for users, which the decision takes as numbers", ban: coreBans},
	{pkg: "internal/otptest", may: []string{"."},
		why: "it sees our supervisors as every user does: what only internal packages can tell is no comparison"},
	{pkg: "internal/relaxed", why: primitiveWhy, ban: coreBans},
	{pkg: "internal/goid", why: primitiveWhy, ban: coreBans},
	{pkg: "internal/wheel", why: primitiveWhy, ban: coreBans},
	{pkg: "internal/osproc", why: "processes of the system are mechanism: supervision of them sits above", ban: bans{
		"html/template": "the guard of the fort is built on this and stays small",
		"net/http":      "the guard of the fort is built on this and stays small",
	}},
	{pkg: "command", may: []string{".", "executor/topology", "internal/osproc"},
		why: "commands are a loop process that any user could write, over processes of the system", ban: bans{
			"net/http":           "readiness is a port, not a page: who wants a page asks for it in a process",
			"encoding/json":      "the streams of a command are its own; whoever reads them knows their format",
			"html/template":      "serving pages is the observer's job",
			"encoding/gob":       "messages are passed as they are; only the cluster encodes",
			"plugin":             "Go cannot unload code; a command is how to run other people's",
			"github.com/nats-io": "a user of two supervised workers must not inherit a message broker",
		}},
	{pkg: "fort/...", may: []string{"internal/backoff", "internal/osproc", "internal/supervise"},
		why: "the fort guards any program; it knows nothing of processes and shares only words and arithmetic with them", ban: bans{
			"html/template": "the guard stays small: it runs when everything else has failed",
			"net/http":      "the guard stays small: it runs when everything else has failed",
		}},
	{pkg: "bastiontest/...", may: []string{".", "executor"},
		why: "what tests trees sees them as every user does, and the executor's seeded mode"},
	{pkg: "distributor", may: []string{".", "executor"}, why: clientWhy, ban: coreBans},
	{pkg: "dispatcher", may: []string{".", "distributor", "executor"}, why: clientWhy, ban: coreBans},
	{pkg: "resizer", may: []string{".", "distributor", "executor"}, why: clientWhy, ban: coreBans},
	{pkg: "linearize", may: []string{".", "bastiontest"}, why: "it checks what clients saw; only its tests know processes"},
	{pkg: "mailboxtest", may: []string{"."}, why: clientWhy},
	{pkg: "cron", may: []string{".", "executor"}, why: clientWhy},
	{pkg: "middleware/...", may: []string{".", "executor"}, why: "middleware is what any user could write; what needs a library is a module of its own"},
	{pkg: "health", may: []string{"."}, why: clientWhy},
	{pkg: "match", may: []string{"."}, why: "a receiver that any user could write"},
	{pkg: "bench/savina", why: "what the engines have in common belongs to none of them", ban: coreBans},
	{pkg: "bench/savina/ours", may: []string{".", "bench/savina"}, why: clientWhy},
	{pkg: "bench/savina/proto", may: []string{"bench/savina"}, why: "a peer is measured without us"},
	{pkg: "bench/cmd/chart", why: "it knows a report, not what was measured"},
	{pkg: "bench/cmd/...", may: []string{"bench/savina", "bench/savina/ours", "bench/savina/proto"}, why: clientWhy},
	{pkg: "cmd/bastion/...", may: []string{".", "bastiontest", "executor", "executor/topology", "fort", "examples/kv/kvstore"}, why: clientWhy},
	{pkg: "examples/...", may: []string{".", "command", "dispatcher", "distributor", "executor", "executor/topology", "fort", "match", "resizer"}, why: clientWhy},
}

// requirements are all that the root's go.mod may ask of a user's build.
var requirements = map[string]string{
	"golang.org/x/sys":   "system calls that package syscall does not have",
	"pgregory.net/rapid": "tests only: models against the real thing",
	"go.uber.org/goleak": "tests only: nothing may be left running",
}

// testRequirements may be imported by _test.go files alone.
var testRequirements = []string{"pgregory.net/rapid", "go.uber.org/goleak"}

func TestHouseArrows(t *testing.T) {
	for _, f := range sources(t) {
		row, ok := arrowOf(f.dir)
		if !ok {
			t.Errorf("%s: package %s has no row in arrows: say what it may import", f.path, f.dir)
			continue
		}
		for _, spec := range f.ast.Imports {
			if why := forbidden(f, row, importPath(spec)); why != "" {
				t.Errorf("%s imports %s: %s", f.at(spec.Pos()), spec.Path.Value, why)
			}
		}
	}
}

func arrowOf(dir string) (arrow, bool) {
	for _, a := range arrows {
		below, deep := strings.CutSuffix(a.pkg, "/...")
		if a.pkg == dir || deep && within(dir, below) {
			return a, true
		}
	}
	return arrow{}, false
}

// forbidden returns why f may not import what, or nothing.
func forbidden(f *source, row arrow, what string) string {
	if target, ours := ourPackage(what); ours {
		own := strings.TrimSuffix(row.pkg, "/...")
		if target == f.dir || own != "." && within(target, own) || slices.Contains(row.may, target) {
			return ""
		}
		return row.why
	}
	if f.test {
		return "" // what a test needs reaches no user; go.mod is checked apart
	}
	for banned, why := range row.ban {
		if what == banned || strings.Contains(banned, ".") && within(what, banned) {
			return why
		}
	}
	if !strings.Contains(strings.Split(what, "/")[0], ".") || f.module != "." {
		return "" // the standard library; commands and examples choose their own libraries
	}
	for allowed := range requirements {
		if within(what, allowed) && !slices.Contains(testRequirements, allowed) {
			return ""
		}
	}
	return "the root module needs the standard library and golang.org/x/sys, nothing else"
}

// pureImports is what the decision may use. No goroutine, clock, randomness or I/O can be had from these; of package
// time only the types and constants are used, which TestHousePureDecision checks.
var pureImports = []string{"cmp", "errors", "fmt", "iter", "maps", "math", "slices", "sort", "strconv", "strings", "time"}

// clockVerbs are the parts of package time that read or wait for a clock.
var clockVerbs = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick"}

// pureDecisions are the packages that decide and do nothing.
var pureDecisions = []string{"internal/supervise", "fort/internal/decide"}

func TestHousePureDecision(t *testing.T) {
	for _, f := range sources(t) {
		if f.test || !slices.ContainsFunc(pureDecisions, func(d string) bool { return within(f.dir, d) }) {
			continue
		}
		for _, spec := range f.ast.Imports {
			p := importPath(spec)
			if _, ours := ourPackage(p); !ours && !slices.Contains(pureImports, p) {
				t.Errorf("%s imports %s: the decision is a pure function of children, exit and time", f.at(spec.Pos()), p)
			}
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt, *ast.SelectStmt, *ast.SendStmt, *ast.ChanType:
				t.Errorf("%s: goroutines and channels belong to the driver, not to the decision", f.at(n.Pos()))
			case *ast.SelectorExpr:
				if slices.ContainsFunc(clockVerbs, func(v string) bool { return f.names(n, "time", v) }) {
					t.Errorf("%s: time.%s: time comes in as a value, the driver owns the clock", f.at(n.Pos()), n.Sel.Name)
				}
			}
			return true
		})
	}
}

func TestHouseRequirements(t *testing.T) {
	text, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	inside := false
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		switch {
		case len(words) == 0:
			continue
		case words[0] == "require" && len(words) > 1 && words[1] == "(":
			inside = true
			continue
		case words[0] == ")":
			inside = false
			continue
		case words[0] == "replace":
			t.Errorf("go.mod: %q: a replace in the root module does not reach its users", strings.TrimSpace(line))
			continue
		case words[0] == "require":
			words = words[1:]
		case !inside:
			continue
		}
		if requirements[words[0]] == "" {
			t.Errorf("go.mod requires %s: every user would inherit it; allowed: %v", words[0], slices.Sorted(maps.Keys(requirements)))
		}
	}
}

// ---- the tree -------------------------------------------------------------------------------------------------------

// A source is one parsed Go file of the tree.
type source struct {
	path   string // with slashes, from the root
	dir    string // "." for the root
	module string // folder of the module it belongs to
	test   bool
	lines  int
	ast    *ast.File
	fset   *token.FileSet
}

var parseTree = sync.OnceValues(func() ([]*source, error) {
	var all []*source
	fset := token.NewFileSet()
	err := filepath.WalkDir(".", func(p string, d fs.DirEntry, err error) error {
		name := d.Name()
		if err != nil || d.IsDir() {
			if p != "." && (strings.HasPrefix(name, ".") || name == "testdata" || name == "vendor") {
				return fs.SkipDir
			}
			return err
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		parsed, err := parser.ParseFile(fset, p, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		p = filepath.ToSlash(p)
		all = append(all, &source{path: p, dir: path.Dir(p), module: moduleOf(path.Dir(p)), test: strings.HasSuffix(name, "_test.go"),
			lines: fset.File(parsed.Pos()).LineCount(), ast: parsed, fset: fset})
		return nil
	})
	return all, err
})

func sources(t *testing.T) []*source {
	t.Helper()
	all, err := parseTree()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func moduleOf(dir string) string {
	for ; dir != "."; dir = path.Dir(dir) {
		if _, err := os.Stat(filepath.Join(filepath.FromSlash(dir), "go.mod")); err == nil {
			return dir
		}
	}
	return "."
}

func (f *source) at(p token.Pos) string {
	return f.path + ":" + strconv.Itoa(f.fset.Position(p).Line)
}

// names says whether sel is what of the package imported as from.
func (f *source) names(sel *ast.SelectorExpr, from, what string) bool {
	x, ok := sel.X.(*ast.Ident)
	if !ok || sel.Sel.Name != what {
		return false
	}
	for _, spec := range f.ast.Imports {
		if importPath(spec) != from {
			continue
		}
		if spec.Name != nil {
			return x.Name == spec.Name.Name
		}
		return x.Name == path.Base(from)
	}
	return false
}

func importPath(spec *ast.ImportSpec) string {
	p, _ := strconv.Unquote(spec.Path.Value)
	return p
}

func ourPackage(importPath string) (dir string, ours bool) {
	if importPath == modulePath {
		return ".", true
	}
	return strings.CutPrefix(importPath, modulePath+"/")
}

func within(p, top string) bool { return p == top || strings.HasPrefix(p, top+"/") }

// spared takes a rule's list of exceptions and tells at the end which of them nothing needed.
type spared struct {
	list map[string]string
	used map[string]bool
}

func sparing(t *testing.T, list map[string]string) *spared {
	s := &spared{list, map[string]bool{}}
	t.Cleanup(func() {
		for what, why := range list {
			if why == "" {
				t.Errorf("exception %s gives no reason", what)
			}
			if !s.used[what] {
				t.Errorf("exception %s is not needed (any more): take it out of the list", what)
			}
		}
	})
	return s
}

func (s *spared) covers(what string) bool {
	s.used[what] = true
	_, ok := s.list[what]
	return ok
}
