package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
)

// checkDocs looks at every public package of the workspace's modules.
func checkDocs() error {
	out, err := command("go", "list", "-f", `{{if ne .Name "main"}}{{.ImportPath}} {{.Dir}}{{end}}`, "./...")
	if err != nil {
		return err
	}
	var errs []error
	for line := range strings.Lines(out) {
		path, dir, ok := strings.Cut(strings.TrimSpace(line), " ")
		if ok && !strings.Contains(path+"/", "/internal/") {
			errs = append(errs, checkPackage(path, dir))
		}
	}
	return errors.Join(errs...)
}

func checkPackage(path, dir string) error {
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return err
	}
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range names {
		f, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		files = append(files, f)
	}
	p, err := doc.NewFromFiles(fset, files, path)
	if err != nil {
		return err
	}
	c := &docCheck{fset: fset}
	c.pkg(p, files)
	return errors.Join(c.errs...)
}

type docCheck struct {
	fset *token.FileSet
	errs []error
}

func (c *docCheck) missing(pos token.Pos, name string) {
	c.errs = append(c.errs, fmt.Errorf("%s: exported %s has no doc comment", c.fset.Position(pos), name))
}

func (c *docCheck) pkg(p *doc.Package, files []*ast.File) {
	if p.Doc == "" {
		c.errs = append(c.errs, fmt.Errorf("package %s has no package comment", p.ImportPath))
	}
	runnable := false
	for _, e := range doc.Examples(files...) {
		runnable = runnable || e.Output != "" || e.EmptyOutput
	}
	if !runnable {
		c.errs = append(c.errs, fmt.Errorf("package %s has no example with an output", p.ImportPath))
	}
	c.values(p.Consts)
	c.values(p.Vars)
	c.funcs(p.Funcs)
	for _, t := range p.Types {
		if t.Doc == "" {
			c.missing(t.Decl.Pos(), t.Name)
		}
		c.values(t.Consts)
		c.values(t.Vars)
		c.funcs(t.Funcs)
		c.funcs(t.Methods)
		for _, spec := range t.Decl.Specs {
			if s, ok := spec.(*ast.TypeSpec); ok {
				c.members(t.Name, s.Type)
			}
		}
	}
}

func (c *docCheck) funcs(list []*doc.Func) {
	for _, f := range list {
		if f.Doc == "" {
			c.missing(f.Decl.Pos(), f.Name)
		}
	}
}

// values accepts one comment for a whole group.
func (c *docCheck) values(list []*doc.Value) {
	for _, v := range list {
		for _, spec := range v.Decl.Specs {
			s, ok := spec.(*ast.ValueSpec)
			if ok && v.Doc == "" && s.Doc == nil && s.Comment == nil && s.Names[0].IsExported() {
				c.missing(s.Pos(), s.Names[0].Name)
			}
		}
	}
}

// members looks at the fields of a struct, and the methods of an interface.
func (c *docCheck) members(name string, t ast.Expr) {
	var fields *ast.FieldList
	switch t := t.(type) {
	case *ast.StructType:
		fields = t.Fields
	case *ast.InterfaceType:
		fields = t.Methods
	default:
		return
	}
	spoken := false
	for _, f := range fields.List {
		// A comment may speak for the fields that follow it without one.
		spoken = spoken || f.Doc != nil || f.Comment != nil
		if len(f.Names) > 0 && f.Names[0].IsExported() && !spoken {
			c.missing(f.Pos(), name+"."+f.Names[0].Name)
		}
	}
}
