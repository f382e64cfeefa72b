package house

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Tree is what the rules look at: the sources and the pages of one module.
// It is not changed after Read.
type Tree struct {
	fsys   fs.FS
	module string // as go.mod says
	files  []*file
	texts  []text
}

// file is one parsed Go file.
type file struct {
	path   string
	fset   *token.FileSet
	syntax *ast.File
}

// text is a file that is read as lines: a page, a YAML file, the Makefile.
type text struct {
	path string
	data []byte
}

// Read parses the module whose root is fsys. Left out are the folders that
// git ignores or the go command does (see skipped), and the Go files of nested
// modules, which live by rules of their own.
func Read(fsys fs.FS) (*Tree, error) {
	gomod, err := fs.ReadFile(fsys, "go.mod")
	if err != nil {
		return nil, fmt.Errorf("read the module's name: %w", err)
	}
	t := &Tree{fsys: fsys, module: moduleName(gomod)}
	if t.module == "" {
		return nil, errors.New("go.mod has no module line")
	}
	var faults []error
	var nested []string // folders of other modules
	err = fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			if skipped(name) {
				return fs.SkipDir
			}
			if _, err := fs.Stat(fsys, path.Join(name, "go.mod")); err == nil && name != "." {
				nested = append(nested, name)
			}
			return nil
		case path.Ext(name) == ".go" && slices.ContainsFunc(nested, func(n string) bool { return within(name, n) }):
			return nil
		}
		faults = append(faults, t.add(name))
		return nil
	})
	return t, errors.Join(append(faults, err)...)
}

// skipped names the folders that hold nothing of ours.
func skipped(dir string) bool {
	switch path.Base(dir) {
	case ".git", ".sluice", "sluice-report", "node_modules", "testdata":
		return true
	}
	return dir == "bin"
}

func (t *Tree) add(name string) error {
	base, ext := path.Base(name), path.Ext(name)
	isText := base == "Makefile" || slices.Contains([]string{".md", ".yaml", ".yml", ".sh"}, ext)
	if ext != ".go" && !isText {
		return nil
	}
	data, err := fs.ReadFile(t.fsys, name)
	if err != nil {
		return err
	}
	if isText {
		t.texts = append(t.texts, text{name, data})
		return nil
	}
	f := &file{path: name, fset: token.NewFileSet()}
	f.syntax, err = parser.ParseFile(f.fset, name, data, parser.ParseComments|parser.SkipObjectResolution)
	t.files = append(t.files, f)
	return err
}

func moduleName(gomod []byte) string {
	for line := range strings.Lines(string(gomod)) {
		if name, ok := strings.CutPrefix(line, "module "); ok {
			return strings.TrimSpace(name)
		}
	}
	return ""
}

// within reports whether name is dir or lies below it.
func within(name, dir string) bool { return name == dir || strings.HasPrefix(name, dir+"/") }

func (f *file) dir() string      { return path.Dir(f.path) }
func (f *file) isTest() bool     { return strings.HasSuffix(f.path, "_test.go") }
func (f *file) isCommand() bool  { return f.syntax.Name.Name == "main" }
func (f *file) isMainFile() bool { return f.isCommand() && path.Base(f.path) == "main.go" }

func (f *file) fault(at token.Pos, format string, args ...any) Fault {
	return Fault{Path: f.path, Line: f.fset.Position(at).Line, Message: fmt.Sprintf(format, args...)}
}

// imports calls yield with each import path of the file.
func (f *file) imports(yield func(spec *ast.ImportSpec, importPath string)) {
	for _, spec := range f.syntax.Imports {
		if p, err := strconv.Unquote(spec.Path.Value); err == nil {
			yield(spec, p)
		}
	}
}

// uses calls yield with each mention, below n, of a name that the file imports
// from the package importPath: os.Exit, called or passed on.
func (f *file) uses(n ast.Node, importPath string, yield func(at token.Pos, name string)) {
	local := ""
	f.imports(func(spec *ast.ImportSpec, p string) {
		if p == importPath {
			local = path.Base(p)
			if spec.Name != nil {
				local = spec.Name.Name
			}
		}
	})
	if local == "" {
		return
	}
	ast.Inspect(n, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == local {
				yield(sel.Pos(), sel.Sel.Name)
			}
		}
		return true
	})
}
