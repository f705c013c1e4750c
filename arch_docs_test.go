package bastion_test

import (
	"go/ast"
	"go/build"
	"go/doc"
	"go/token"
	"go/types"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// topics are what a package comment owes its reader. A topic counts as answered when one of its words is there: that
// does not make the answer good, but a page on a concurrent package that never says "order" has surely left it out.
var topics = map[string]*regexp.Regexp{
	"how to use it":    regexp.MustCompile(`(?i)\b(usage|uses?|using)\b`),
	"what is ordered":  regexp.MustCompile(`(?i)\b(order|ordered|ordering|fifo)\b`),
	"what may be lost": regexp.MustCompile(`(?i)\b(loses?|lost|loss|drops?|dropped|discard(ed|s)?)\b`),
	"who may call it":  regexp.MustCompile(`(?i)\b(goroutines?|concurrent(ly)?|callers?|owner|owns)\b`),
	"how it stops":     regexp.MustCompile(`(?i)\b(stops?|stopped|stopping|clos(e|es|ed|ing)|shutdown|ends)\b`),
}

// untold lists "package: topic" where the question makes no sense.
var untold = map[string]string{
	"executor/topology: what may be lost": "a description of the machine: nothing is in motion",
	"executor/topology: how it stops":     "a description of the machine: nothing runs",
	"internal/goid: what is ordered":      "one load of one word",
	"internal/goid: what may be lost":     "one load of one word",
	"internal/relaxed: what may be lost":  "words in memory; that a store may be seen late is said under order",
	"internal/relaxed: how it stops":      "words in memory: nothing runs",
}

const (
	minLibraryDoc = 10 // lines of text
	minCommandDoc = 3
	longDoc       = 25 // from here on a reader needs headings
)

func TestHousePackageDocs(t *testing.T) {
	spare := sparing(t, untold)
	docs, library := map[string]string{}, map[string]bool{}
	for _, f := range sources(t) {
		if f.test {
			continue
		}
		library[f.dir] = f.module == "."
		// An example is one file, read from the top; everybody else's comment has a file of its own.
		if base := path.Base(f.path); base == "doc.go" || base == "main.go" && within(f.dir, "examples") {
			docs[f.dir] += f.ast.Doc.Text()
		}
	}
	for dir, isLibrary := range library {
		text, limit := docs[dir], minLibraryDoc
		if !isLibrary {
			limit = minCommandDoc
		}
		if n := strings.Count(text, "\n"); n < limit {
			t.Errorf("%s: the package comment in doc.go has %d lines, fewer than %d", dir, n, limit)
		}
		if !isLibrary {
			continue
		}
		if n := strings.Count(text, "\n"); n > longDoc && !strings.Contains(text, "\n# ") {
			t.Errorf("%s: a package comment of %d lines needs headings", dir, n)
		}
		for topic, words := range topics {
			if !words.MatchString(text) && !spare.covers(dir+": "+topic) {
				t.Errorf("%s: the package comment does not say: %s", dir, topic)
			}
		}
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// public reports whether users import the package, so that its exported names are promises.
func public(f *source) bool {
	return f.module == "." && f.ast.Name.Name != "main" && !strings.Contains("/"+f.dir+"/", "/internal/")
}

func TestHouseExportedDocs(t *testing.T) {
	for _, f := range sources(t) {
		if f.test || !public(f) {
			continue
		}
		for _, d := range f.ast.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Name.IsExported() && exportedReceiver(d) && d.Doc.Text() == "" && (d.Recv == nil || !slices.Contains(plain, d.Name.Name)) {
					t.Errorf("%s: %s has no contract", f.at(d.Pos()), d.Name.Name)
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					checkSpecDoc(t, f, d, spec)
				}
			}
		}
	}
}

func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	x := d.Recv.List[0].Type
	for {
		switch y := x.(type) {
		case *ast.StarExpr:
			x = y.X
		case *ast.IndexExpr:
			x = y.X
		case *ast.IndexListExpr:
			x = y.X
		case *ast.Ident:
			return y.IsExported()
		default:
			return false
		}
	}
}

// checkSpecDoc wants a comment on every exported type, and on constants and variables one each or one for their group.
// A field or an interface's method has a comment of its own, or is named in the comment on its type, or its name says it
// all.
func checkSpecDoc(t *testing.T, f *source, d *ast.GenDecl, spec ast.Spec) {
	switch spec := spec.(type) {
	case *ast.TypeSpec:
		if !spec.Name.IsExported() {
			return
		}
		text := spec.Doc.Text() + d.Doc.Text()
		if text == "" {
			t.Errorf("%s: type %s has no contract", f.at(spec.Pos()), spec.Name.Name)
		}
		for _, field := range members(spec.Type) {
			for _, name := range field.Names {
				told := field.Doc.Text() != "" || field.Comment.Text() != "" || namesItself(name.Name, field.Type) || mentions(text, name.Name)
				if name.IsExported() && !told {
					t.Errorf("%s: %s.%s has no contract", f.at(field.Pos()), spec.Name.Name, name.Name)
				}
			}
		}
	case *ast.ValueSpec:
		for _, name := range spec.Names {
			if name.IsExported() && spec.Doc.Text() == "" && spec.Comment.Text() == "" && d.Doc.Text() == "" && !mentions(neighbours(d), name.Name) {
				t.Errorf("%s: %s has no contract", f.at(spec.Pos()), name.Name)
			}
		}
	}
}

// neighbours are all comments in a group of constants or variables: one may speak for several.
func neighbours(d *ast.GenDecl) string {
	text := ""
	for _, spec := range d.Specs {
		if v, ok := spec.(*ast.ValueSpec); ok {
			text += v.Doc.Text() + v.Comment.Text()
		}
	}
	return text
}

func mentions(text, name string) bool {
	return regexp.MustCompile(`\b` + name + `\b`).MatchString(text)
}

// namesItself reports whether a field needs no comment: for its name, or because its type is called the same and has one.
func namesItself(field string, typ ast.Expr) bool {
	if slices.Contains([]string{"ID", "Name", "Path", "Time", "Reason", "Incarnation"}, field) {
		return true
	}
	for {
		switch x := typ.(type) {
		case *ast.StarExpr:
			typ = x.X
		case *ast.ArrayType:
			typ = x.Elt
		case *ast.Ident:
			return x.IsExported() && (strings.HasPrefix(field, x.Name) || strings.HasSuffix(x.Name, field))
		default:
			return false
		}
	}
}

// members are the fields of a struct, or the methods of an interface with several: a single one is what its type is for.
func members(x ast.Expr) []*ast.Field {
	switch x := x.(type) {
	case *ast.StructType:
		return x.Fields.List
	case *ast.InterfaceType:
		if len(x.Methods.List) > 1 {
			return x.Methods.List
		}
	}
	return nil
}

// plain are the method names that need no example: fmt and errors call them, people rarely do.
var plain = []string{"String", "Error", "Unwrap", "Is", "As", "LogValue", "GoString", "Format", "Deadline", "Err", "Value"}

// unshown lists verbs, "Type.Method" or "Func", that no Example with output calls.
var unshown = map[string]string{
	"ReceiverFunc.Receive":      "the runtime calls it",
	"TypedReceiverFunc.Receive": "the runtime calls it",
}

// TestHouseExamples wants every verb of the public API in an Example whose output is checked. A file with such an
// Example shows every verb that it calls, from its handlers as well; whose method a call means is found out with
// go/types, in a lenient way that needs no other package.
func TestHouseExamples(t *testing.T) {
	spare := sparing(t, unshown)
	check := &lenient{files: sources(t), done: map[string]*types.Package{}}
	api, err := check.Import(modulePath)
	if err != nil {
		t.Fatal(err)
	}
	shown := check.calls()
	for _, verb := range verbs(api) {
		if !shown[verb] && !spare.covers(verb) {
			t.Errorf("no Example with output calls %s", verb)
		}
	}
	if len(shown) == 0 {
		t.Error("no Example was found at all")
	}
}

// verbs lists the exported functions and methods of the package.
func verbs(api *types.Package) []string {
	var all []string
	for _, name := range api.Scope().Names() {
		obj := api.Scope().Lookup(name)
		if !obj.Exported() {
			continue
		}
		if fn, ok := obj.(*types.Func); ok {
			all = append(all, verbName(fn))
		}
		named, ok := obj.Type().(*types.Named)
		if _, isType := obj.(*types.TypeName); !ok || !isType {
			continue
		}
		for m := range named.Methods() {
			if m.Exported() && !slices.Contains(plain, m.Name()) {
				all = append(all, verbName(m))
			}
		}
	}
	return all
}

func verbName(fn *types.Func) string {
	recv := fn.Signature().Recv()
	if recv == nil {
		return fn.Name()
	}
	t := recv.Type()
	if p, ok := t.(*types.Pointer); ok {
		t = p.Elem()
	}
	if n, ok := t.(*types.Named); ok {
		return n.Obj().Name() + "." + fn.Name()
	}
	return fn.Name()
}

// lenient type-checks packages of this project from source. Packages from elsewhere are empty to it, and errors, most of
// them about those, do not matter: all that is wanted is which function of ours a name means.
type lenient struct {
	files []*source
	done  map[string]*types.Package
}

func (l *lenient) Import(importPath string) (*types.Package, error) {
	if p := l.done[importPath]; p != nil {
		return p, nil
	}
	if importPath == "unsafe" {
		return types.Unsafe, nil
	}
	dir, ours := ourPackage(importPath)
	if !ours {
		base := path.Base(importPath)
		if regexp.MustCompile(`^v\d+$`).MatchString(base) {
			base = path.Base(path.Dir(importPath))
		}
		p := types.NewPackage(importPath, base)
		p.MarkComplete()
		l.done[importPath] = p
		return p, nil
	}
	l.done[importPath] = types.NewPackage(importPath, path.Base(importPath)) // what a forbidden cycle gets to see
	var files []*ast.File
	var fset *token.FileSet
	for _, f := range l.files {
		fits, err := build.Default.MatchFile(filepath.FromSlash(f.dir), path.Base(f.path))
		if f.dir == dir && !f.test && fits && err == nil {
			files, fset = append(files, f.ast), f.fset
		}
	}
	conf := types.Config{Importer: l, Error: func(error) {}, IgnoreFuncBodies: true}
	p, _ := conf.Check(importPath, fset, files, nil)
	l.done[importPath] = p
	return p, nil
}

// calls returns the verbs of the root package that are used in root test files with a checked Example.
func (l *lenient) calls() map[string]bool {
	var files []*ast.File
	var fset *token.FileSet
	for _, f := range l.files {
		if f.dir == "." && f.test && f.ast.Name.Name == "bastion_test" && hasExample(f.ast) {
			files, fset = append(files, f.ast), f.fset
		}
	}
	shown := map[string]bool{}
	if fset == nil {
		return shown
	}
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}}
	conf := types.Config{Importer: l, Error: func(error) {}}
	conf.Check(modulePath+"_test", fset, files, info)
	for _, obj := range info.Uses {
		if fn, ok := obj.(*types.Func); ok && fn.Pkg() != nil && fn.Pkg().Path() == modulePath {
			shown[verbName(fn.Origin())] = true
		}
	}
	return shown
}

func hasExample(file *ast.File) bool {
	return slices.ContainsFunc(doc.Examples(file), func(e *doc.Example) bool { return e.Output != "" || e.EmptyOutput })
}
