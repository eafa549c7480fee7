package pagecache

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// docs/cache-status.md has a row for every reason, and no others.
func TestTableOfDetails(t *testing.T) {
	const table = "../../docs/cache-status.md"
	text, err := os.ReadFile(table)
	if err != nil {
		t.Fatal(err)
	}
	_, details, ok := strings.Cut(string(text), "\n## Every detail\n")
	if !ok {
		t.Fatalf("%s has no section \"Every detail\"", table)
	}
	rows := make(map[string]bool)
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(details, -1) {
		if rows[m[1]] {
			t.Errorf("%s has two rows for %q", table, m[1])
		}
		rows[m[1]] = true
	}
	reasons := reasonsInSource(t)
	if len(reasons) < 20 {
		t.Fatalf("found %d reasons in the source: %v", len(reasons), reasons)
	}
	for r := range reasons {
		if !rows[r] {
			t.Errorf("%s has no row for %q", table, r)
		}
	}
	for r := range rows {
		if !reasons[r] {
			t.Errorf("%s has a row for %q, which is no reason", table, r)
		}
	}
	if !strings.Contains(details, "`"+queryCut+"`") {
		t.Errorf("%s does not say what %q is", table, queryCut)
	}
}

// reasonsInSource returns the values of all constants of type reason, those of package rfc9111 among them, and
// complains of details that are none.
func reasonsInSource(t *testing.T) map[string]bool {
	t.Helper()
	var names []string
	for _, pattern := range []string{"*.go", "internal/rfc9111/*.go", "internal/find/*.go"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, found...)
	}
	reasons := make(map[string]bool)
	fset := token.NewFileSet()
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(fset, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				typ := n.Type
				if of, ok := typ.(*ast.SelectorExpr); ok {
					typ = of.Sel
				}
				if typ, ok := typ.(*ast.Ident); ok && strings.EqualFold(typ.Name, "reason") && len(n.Values) == 1 {
					value, err := strconv.Unquote(n.Values[0].(*ast.BasicLit).Value)
					if err != nil {
						t.Fatal(err)
					}
					if value != "" {
						reasons[value] = true
					}
				}
			case *ast.KeyValueExpr:
				if key, ok := n.Key.(*ast.Ident); ok && key.Name == "detail" {
					if lit, ok := n.Value.(*ast.BasicLit); ok {
						t.Errorf("%s: the detail %s is no reason: docs/cache-status.md does not know it", fset.Position(n.Pos()), lit.Value)
					}
				}
			}
			return true
		})
	}
	return reasons
}
