package main

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// A size is how much there is of a package.
type size struct {
	files, lines, exported int
}

// count writes the measures of the tree below dir: sizes of packages without their
// tests, the longest file and doc comments, arrows, modules, and what reads badly.
func count(w io.Writer, dir string) error {
	sizes := make(map[string]*size)
	var longest finding
	most, arrows, modules := 0, make(map[string]bool), 0
	var docs []finding
	length := make(map[string]int)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != dir && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "gen"):
			return fs.SkipDir
		case d.Name() == "go.mod":
			modules++
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		name := filepath.Dir(rel)
		if sizes[name] == nil {
			sizes[name] = new(size)
		}
		s, n := sizes[name], fset.File(f.Pos()).LineCount()
		s.files++
		s.lines += n
		if n > most {
			most, longest = n, finding{where: rel, text: fmt.Sprint(n)}
		}
		for _, spec := range f.Imports {
			if to, ok := strings.CutPrefix(strings.Trim(spec.Path.Value, `"`), module); ok {
				arrows[name+" "+to] = true
			}
		}
		note := func(pos token.Pos, what string, c *ast.CommentGroup) {
			if c != nil {
				at := fmt.Sprintf("%s:%d", rel, fset.Position(pos).Line)
				docs, length[at] = append(docs, finding{where: at, kind: what}), wordCount(c)
			}
		}
		note(f.Package, "package", f.Doc)
		for _, decl := range f.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok {
				note(fn.Pos(), fn.Name.Name, fn.Doc)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%-40s %6s %6s %9s\n", "package", "files", "lines", "exported")
	var all size
	for _, name := range slices.Sorted(maps.Keys(sizes)) {
		s := sizes[name]
		if s.exported, err = exported(filepath.Join(dir, name)); err != nil {
			return err
		}
		fmt.Fprintf(w, "%-40s %6d %6d %9d\n", name, s.files, s.lines, s.exported)
		all.files, all.lines, all.exported = all.files+s.files, all.lines+s.lines, all.exported+s.exported
	}
	fmt.Fprintf(w, "%-40s %6d %6d %9d\n", "all", all.files, all.lines, all.exported)
	fmt.Fprintf(w, "\nmodules %d, packages %d, arrows between packages %d\nlongest file %s, %s lines\n", modules, len(sizes), len(arrows), longest.where, longest.text)
	slices.SortFunc(docs, func(a, b finding) int { return cmp.Compare(length[b.where], length[a.where]) })
	for _, d := range docs[:min(len(docs), 5)] {
		fmt.Fprintf(w, "long doc comment: %s %s, %d words\n", d.where, d.kind, length[d.where])
	}
	found, err := prose(dir)
	if err != nil {
		return err
	}
	byKind := make(map[string]int)
	for _, f := range found {
		kind := f.kind
		if _, rest, ok := strings.Cut(kind, " has more than "); ok {
			kind = "docs of more than " + rest
		}
		byKind[kind]++
	}
	fmt.Fprintf(w, "\n%d places read badly:\n", len(found))
	for _, kind := range slices.Sorted(maps.Keys(byKind)) {
		fmt.Fprintf(w, "%6d %s\n", byKind[kind], kind)
	}
	return nil
}

// exported returns how many names a package exports, with methods and fields.
func exported(dir string) (int, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return 0, err
	}
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
		if err != nil {
			return 0, err
		}
		files = append(files, f)
	}
	p, err := doc.NewFromFiles(fset, files, module)
	if err != nil {
		return 0, err
	}
	n := len(p.Funcs)
	for _, group := range [][]*doc.Value{p.Consts, p.Vars} {
		for _, v := range group {
			n += len(v.Names)
		}
	}
	for _, t := range p.Types {
		n += 1 + len(t.Funcs) + len(t.Methods)
		for _, group := range [][]*doc.Value{t.Consts, t.Vars} {
			for _, v := range group {
				n += len(v.Names)
			}
		}
	}
	return n, nil
}
