package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// words are phrases that a comment, an error or a page says more plainly: software
// is "it", people are "they", the reader is "you".
var words = []string{
	"he", "him", "his", "whoever", "who has", "who have", "of which", "of whom", "those who", "as ever", "all the same", "its like", "their like",
}

// riddles are words that need a second reading in a name.
var riddles = []string{"letter", "parcel", "venture", "deaf", "knock", "buried"}

var wordsPattern = regexp.MustCompile(`(?i)\b(` + strings.Join(words, "|") + `)\b`)

// How many words a doc comment may have. What is longer is a page of docs/.
const (
	maxPackageDoc = 250
	maxFuncDoc    = 120
	maxFieldDoc   = 80
)

// A finding is something that reads badly.
type finding struct {
	where string // file:line
	kind  string // the word, or what is too long
	text  string
}

func (f finding) Error() string { return fmt.Sprintf("%s: %s: %s", f.where, f.kind, f.text) }

// checkProse fails if a comment, an error, a name or a page reads badly.
func checkProse() error {
	all, err := prose(".")
	if err != nil {
		return err
	}
	var errs []error
	for _, f := range all {
		errs = append(errs, f)
	}
	return errors.Join(errs...)
}

// prose returns what reads badly below dir.
func prose(dir string) ([]finding, error) {
	var all []finding
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != dir && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "gen" || d.Name() == "corpus"):
			return fs.SkipDir
		case strings.HasSuffix(path, ".go"):
			found, err := goProse(path)
			all = append(all, found...)
			return err
		case strings.HasSuffix(path, ".md"):
			text, err := os.ReadFile(path)
			all = append(all, pageProse(path, string(text))...)
			return err
		}
		return nil
	})
	return all, err
}

// goProse returns what reads badly in a Go file.
func goProse(path string) ([]finding, error) {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, path, nil, parser.ParseComments)
	if err != nil || ast.IsGenerated(f) {
		return nil, err
	}
	p := &proseCheck{fset: fset}
	for _, group := range f.Comments {
		for _, c := range group.List {
			p.comment(c)
		}
	}
	p.length(f.Package, "package doc", f.Doc, maxPackageDoc)
	for _, decl := range f.Decls {
		if fn, ok := decl.(*ast.FuncDecl); ok {
			p.length(fn.Pos(), "doc of "+fn.Name.Name, fn.Doc, maxFuncDoc)
		}
	}
	ast.Inspect(f, p.node)
	return p.found, nil
}

type proseCheck struct {
	fset  *token.FileSet
	found []finding
}

func (p *proseCheck) add(pos token.Pos, kind, text string) {
	p.found = append(p.found, finding{p.fset.Position(pos).String(), kind, text})
}

// steps is a step of a race or a row of a table that is drawn in a list. gofmt and
// go doc move its columns; in an indented block they stay.
var steps = regexp.MustCompile(`^//  ?(?:\d+\.|-) .*\S {3,}\S`)

func (p *proseCheck) comment(c *ast.Comment) {
	if strings.HasPrefix(c.Text, "//go:") {
		return
	}
	for line := range strings.Lines(c.Text) {
		if steps.MatchString(line) {
			p.add(c.Pos(), "columns in a list: indent it by a tab", strings.TrimSpace(line))
		}
		if strings.HasPrefix(line, "//\t") { // a code block, or a drawing
			continue
		}
		for _, w := range badWords(line) {
			p.add(c.Pos(), w, strings.TrimSpace(line))
		}
	}
}

func (p *proseCheck) length(pos token.Pos, what string, doc *ast.CommentGroup, most int) {
	if doc == nil {
		return
	}
	if n := wordCount(doc); n > most {
		p.add(pos, fmt.Sprintf("%s has more than %d words", what, most), fmt.Sprint(n))
	}
}

// wordCount counts the words of a comment without its code blocks.
func wordCount(doc *ast.CommentGroup) int {
	n := 0
	for _, c := range doc.List {
		if !strings.HasPrefix(c.Text, "//\t") && !strings.HasPrefix(c.Text, "//go:") {
			n += len(strings.Fields(strings.TrimPrefix(c.Text, "//")))
		}
	}
	return n
}

// node looks at what is declared, and at the texts of errors.
func (p *proseCheck) node(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.CallExpr:
		if i := errorText(n.Fun); i >= 0 && i < len(n.Args) {
			if text, ok := n.Args[i].(*ast.BasicLit); ok && text.Kind == token.STRING {
				for _, w := range wordsPattern.FindAllString(text.Value, -1) {
					p.add(text.Pos(), strings.ToLower(w), text.Value)
				}
			}
		}
	case *ast.TypeSpec:
		p.name(n.Name)
		if s, ok := n.Type.(*ast.StructType); ok {
			for _, field := range s.Fields.List {
				if len(field.Names) > 0 && field.Names[0].IsExported() {
					p.length(field.Pos(), "doc of "+n.Name.Name+"."+field.Names[0].Name, field.Doc, maxFieldDoc)
				}
			}
		}
	case *ast.FuncDecl:
		p.name(n.Name)
	case *ast.ValueSpec:
		p.names(n.Names)
	case *ast.Field:
		p.names(n.Names)
	case *ast.AssignStmt:
		if n.Tok == token.DEFINE {
			for _, e := range n.Lhs {
				if name, ok := e.(*ast.Ident); ok {
					p.name(name)
				}
			}
		}
	}
	return true
}

// errorText returns which argument of a call of f is the text of an error, or -1.
func errorText(f ast.Expr) int {
	s, ok := f.(*ast.SelectorExpr)
	if !ok {
		return -1
	}
	x, ok := s.X.(*ast.Ident)
	switch {
	case !ok:
		return -1
	case x.Name == "errors" && s.Sel.Name == "New", x.Name == "fmt" && s.Sel.Name == "Errorf":
		return 0
	case x.Name == "option" && s.Sel.Name == "Errorf": // behind the ErrOptions of a package
		return 1
	}
	return -1
}

func (p *proseCheck) names(list []*ast.Ident) {
	for _, name := range list {
		p.name(name)
	}
}

func (p *proseCheck) name(id *ast.Ident) {
	for _, w := range splitName(id.Name) {
		if slices.Contains(riddles, strings.TrimSuffix(w, "s")) {
			p.add(id.Pos(), strings.TrimSuffix(w, "s"), "the name "+id.Name)
		}
	}
}

// splitName returns the words of a name in lower case.
func splitName(name string) []string {
	var list []string
	begin := 0
	for i, r := range name {
		if i > begin && unicode.IsUpper(r) {
			list, begin = append(list, strings.ToLower(name[begin:i])), i
		}
	}
	return append(list, strings.ToLower(name[begin:]))
}

var quoted = regexp.MustCompile("`[^`]*`|\"[^\"]*\"")

// badWords returns those of words that a line has, but for what it quotes.
func badWords(line string) []string {
	var found []string
	for _, w := range wordsPattern.FindAllString(quoted.ReplaceAllString(line, ""), -1) {
		found = append(found, strings.ToLower(w))
	}
	return found
}

// pageProse returns what reads badly in a page of Markdown: not in its code, and of
// a changelog only in what is unreleased.
func pageProse(path, text string) []finding {
	if filepath.Base(path) == "CHANGELOG.md" {
		if _, after, ok := strings.Cut(text, "\n## Unreleased\n"); ok {
			text, _, _ = strings.Cut(after, "\n## ")
		}
	}
	var found []finding
	code := false
	n := 0
	for line := range strings.Lines(text) {
		n++
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			code = !code
		}
		if code {
			continue
		}
		for _, w := range badWords(line) {
			found = append(found, finding{fmt.Sprintf("%s:%d", path, n), w, strings.TrimSpace(line[:min(len(line), 120)])})
		}
	}
	return found
}
