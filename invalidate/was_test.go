package invalidate_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"testing"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/keys/route"
)

// A row is the model in the tests of Was.
type row struct {
	ID    int
	Value string
	URL   *url.URL
	Next  *row
}

// newRows returns an Invalidator with a rule for rows, and the errors of unnamed rows
// that Observe is told.
func newRows(t *testing.T, rule func(*row, *invalidate.Targets)) (*invalidate.Invalidator, *purger, *[]error) {
	t.Helper()
	p := newPurger()
	var unnamed []error
	inv := invalidate.New(p, &invalidate.Options{MaxCascade: 5, Observe: func(o invalidate.Observation) {
		if errors.Is(o.Err, invalidate.ErrUnnamed) {
			unnamed = append(unnamed, o.Err)
			if len(o.Event.Dependencies) > 0 || len(o.Models) != 1 || o.Models[0] != "invalidate_test.row" {
				t.Errorf("Observe was told of %+v, want no event, and the type of the row", o)
			}
		}
	}})
	invalidate.Register(inv, rule)
	return inv, p, &unnamed
}

var (
	rowPage  = route.MustParse("GET /rows/{value}/{$}")
	rowFiles = route.MustParse("GET /files/{path...}")
	rowPair  = route.MustParse("GET /rows/{value}/of/{other}")
)

// A value that no page can have names nothing in the row as it was, and is an error in
// the row as it is. What else the rule names is purged.
func TestWasWithoutPage(t *testing.T) {
	type rule = func(*row, *invalidate.Targets)
	page := func(r *row, to *invalidate.Targets) { to.Route(rowPage, r.Value) }
	tests := []struct {
		name  string
		value string
		rule  rule
	}{
		{"an empty segment", "", page},
		{"a dot segment", ".", page},
		{"two dots", "..", page},
		{"a slash alone", "/", page},
		{"empty rest of a path", "", func(r *row, to *invalidate.Targets) { to.Route(rowFiles, r.Value) }},
		{"empty segment in the rest of a path", "a//b", func(r *row, to *invalidate.Targets) { to.Route(rowFiles, r.Value) }},
		{"one of two segments", "", func(r *row, to *invalidate.Targets) { to.Route(rowPair, 7, r.Value) }},
		{"a nil value", "", func(r *row, to *invalidate.Targets) { to.Route(rowPage, r.URL) }},
		{"no value at all", "", func(r *row, to *invalidate.Targets) { to.Route(rowPage, nil) }},
		{"an empty path", "", func(r *row, to *invalidate.Targets) { to.Path(r.Value) }},
		{"a path with dots", "..", func(r *row, to *invalidate.Targets) { to.Path("/rows/" + r.Value + "/") }},
		{"an empty prefix", "", func(r *row, to *invalidate.Targets) { to.Prefix(r.Value) }},
		{"an empty URL", "", func(r *row, to *invalidate.Targets) { to.URL(r.Value) }},
		{"a URL with dots", ".", func(r *row, to *invalidate.Targets) { to.URL("/rows/" + r.Value + "/?page=2") }},
		{"an empty group", "", func(r *row, to *invalidate.Targets) { to.Group(r.Value) }},
		{"a model that it leads to", "", func(r *row, to *invalidate.Targets) {
			if r.ID == 1 {
				to.Model(&row{ID: 2, Value: r.Value})
			} else {
				page(r, to)
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inv, p, unnamed := newRows(t, func(r *row, to *invalidate.Targets) { tt.rule(r, to); to.Path("/index") })
			broken := &row{ID: 1, Value: tt.value}
			for _, m := range []any{invalidate.Was(broken), invalidate.Was([]*row{broken}), []invalidate.Row{invalidate.Was(broken)}} {
				if err := inv.Invalidate(t.Context(), m); err != nil {
					t.Errorf("as it was: %v, want no error", err)
				}
			}
			p.Trace.Want(t, "PURGE path:/index", "PURGE path:/index", "PURGE path:/index")
			if len(*unnamed) != 3 {
				t.Fatalf("Observe was told of %v, want one for each", *unnamed)
			}
			wantError(t, (*unnamed)[0], "invalidate: invalidate_test.row 1", "so it names nothing: ")
			// In the row as it is the error stays, in either order of the two.
			for _, both := range [][]any{{broken}, {invalidate.Was(broken), broken}, {broken, invalidate.Was(broken)}} {
				if _, err := inv.Resolve(both...); err == nil {
					t.Errorf("as it is, of %d: no error", len(both))
				}
			}
		})
	}
}

// A row that may have had a page which cannot be named purges everything. The save
// works, and no page stays old.
func TestWasThatCannotBeNamed(t *testing.T) {
	tests := []struct {
		name  string
		value string
		rule  func(*row, *invalidate.Targets)
		says  string
	}{
		{"a path without a slash", "about", func(r *row, to *invalidate.Targets) { to.Path(r.Value) }, "malformed path"},
		{"a path that looks like a pattern", "/{a}", func(r *row, to *invalidate.Targets) { to.Path(r.Value) }, "pattern"},
		{"a URL that is none", "ftp://a/b", func(r *row, to *invalidate.Targets) { to.URL(r.Value) }, "not the URL of a page"},
		{"a broken escape", "%zz", func(r *row, to *invalidate.Targets) { to.Prefix("/" + r.Value) }, "malformed path"},
		{"a panic", "", func(r *row, to *invalidate.Targets) { to.Path("/rows/" + r.URL.Path) }, "the rule panicked"},
		{"a cascade without an end", "a", func(r *row, to *invalidate.Targets) { to.Model(&row{ID: r.ID + 1}) }, "MaxCascade = 5"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inv, p, unnamed := newRows(t, tt.rule)
			if err := inv.Invalidate(t.Context(), invalidate.Was(&row{ID: 1, Value: tt.value})); err != nil {
				t.Errorf("as it was: %v, want no error", err)
			}
			p.Trace.Want(t, "PURGE "+string(cache.All))
			if len(*unnamed) != 1 {
				t.Fatalf("Observe was told of %v, want one", *unnamed)
			}
			wantError(t, (*unnamed)[0], tt.says, "so everything is purged: ")
			func() {
				defer func() { recover() }()
				if _, err := inv.Resolve(&row{ID: 1, Value: tt.value}); err == nil {
					t.Error("as it is: no error")
				}
			}()
		})
	}
}

// A mistake for every row is an error for a row as it was, too.
func TestWasWithMistakeInRule(t *testing.T) {
	for name, rule := range map[string]func(*row, *invalidate.Targets){
		"the zero Route":    func(_ *row, to *invalidate.Targets) { to.Route(route.Route{}, "a") },
		"too many values":   func(_ *row, to *invalidate.Targets) { to.Route(rowPage, "a", "b") },
		"no rule":           func(_ *row, to *invalidate.Targets) { to.Model(7) },
		"a rule for values": func(_ *row, to *invalidate.Targets) { to.Model(row{}) },
	} {
		inv, p, unnamed := newRows(t, rule)
		if err := inv.Invalidate(t.Context(), invalidate.Was(&row{ID: 1})); err == nil || len(*unnamed) > 0 {
			t.Errorf("%s: got %v, and Observe was told %v, want an error", name, err, *unnamed)
		}
		p.Trace.Want(t)
	}
}

// Before a row was inserted there was none.
func TestWasNil(t *testing.T) {
	inv, p, unnamed := newRows(t, func(r *row, to *invalidate.Targets) { to.Route(rowPage, r.Value) })
	var none *row
	err := inv.Invalidate(t.Context(), invalidate.Was(none), invalidate.Was(nil), invalidate.Was([]*row{none}), &row{Value: "a"})
	if err != nil || len(*unnamed) > 0 {
		t.Errorf("got %v, and Observe was told %v", err, *unnamed)
	}
	p.Trace.Want(t, "PURGE path:/rows/a/")
	if err := inv.Invalidate(t.Context(), none); err == nil {
		t.Error("a nil row as it is: no error")
	}
}

// ExampleWas repairs a post whose slug was lost: the row as it was has no page.
func ExampleWas() {
	page := route.MustParse("GET /blog/{slug}/{$}")
	inv := invalidate.New(pages, nil)
	invalidate.Register(inv, func(p *Post, to *invalidate.Targets) { to.Route(page, p.Slug) })

	broken, repaired := &Post{ID: 1}, &Post{ID: 1, Slug: "hello"}
	fmt.Println(inv.Invalidate(context.Background(), invalidate.Was(broken), repaired))
	// Output:
	// purge: invalidate_test.Post 1 saved
	//   path:/blog/hello/
	// <nil>
}

// A save that leaves a row as broken as it was is no error: a bulk update touches many
// rows. A save that breaks a row, or breaks it in another way, is one.
func TestRowBrokenBefore(t *testing.T) {
	page := func(r *row, to *invalidate.Targets) { to.Route(rowPage, r.Value); to.Model(r.Next) }
	tests := []struct {
		name        string
		before, now *row
		rule        func(*row, *invalidate.Targets)
		want        string // what is purged, or "" for an error
	}{
		{"as it was", &row{ID: 1}, &row{ID: 1}, page, "path:/index"},
		{"broken now", &row{ID: 1, Value: "a"}, &row{ID: 1}, page, ""},
		{"broken in another way", &row{ID: 1}, &row{ID: 1, Value: ".."}, page, ""},
		{"a relation as it was", &row{Value: "a", Next: &row{}}, &row{Value: "b", Next: &row{}}, page, "path:/index path:/rows/b/"},
		{"a relation broken now", &row{Value: "a"}, &row{Value: "b", Next: &row{}}, page, ""},
		{"a panic as before", &row{ID: 1}, &row{ID: 1, Value: "a"},
			func(r *row, to *invalidate.Targets) { to.Path(r.URL.Path) }, string(cache.All)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inv, _, _ := newRows(t, func(r *row, to *invalidate.Targets) {
				tt.rule(r, to)
				to.Path("/index")
			})
			to, err := inv.Resolve(invalidate.Row{Model: tt.now, Before: tt.before})
			if tt.want == "" {
				wantError(t, err, "no path with such values")
				return
			}
			if got := join(to.Dependencies()); err != nil || got != tt.want {
				t.Errorf("got %q, %v, want %q", got, err, tt.want)
			}
		})
	}
}
