package invalidate_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/uncache/uncache/invalidate"
)

// An article has relations, as the models of an ORM do.
type article struct {
	ID       int
	Slug     string
	Category section
	Series   *section
	Edges    struct{ Author *section }
}

type section struct {
	Slug   string
	Parent *section
}

// notLoaded says that all zero relations of an article were not loaded.
func notLoaded(m any) []invalidate.Relation {
	a, ok := m.(*article)
	if !ok {
		return nil
	}
	var all []invalidate.Relation
	if a.Category == (section{}) {
		all = append(all, invalidate.Relation{Field: "Category", Load: "preload Category"})
	}
	if a.Series == nil {
		all = append(all, invalidate.Relation{Field: "Series", Load: "preload Series"})
	}
	if a.Edges.Author == nil {
		all = append(all, invalidate.Relation{Field: "Edges.Author", Load: "load the author"})
	}
	return all
}

// The error names the relations that the rule reads, and no other.
func TestUnloadedRelation(t *testing.T) {
	tests := []struct {
		name string
		rule func(*article, *invalidate.Targets)
		want string // the relations, or "" for no such error
	}{
		{"a field of a value", func(a *article, to *invalidate.Targets) { to.Route(rowPage, a.Category.Slug) }, "Category"},
		{"a group", func(a *article, to *invalidate.Targets) { to.Group(a.Category.Slug) }, "Category"},
		{"a field of a pointer", func(a *article, to *invalidate.Targets) { to.Path("/" + a.Series.Slug) }, "Series"},
		{"a field of an edge", func(a *article, to *invalidate.Targets) { to.Path("/" + a.Edges.Author.Slug) }, "Edges.Author"},
		{"a nil model", func(a *article, to *invalidate.Targets) { to.Model(a.Edges.Author) }, "Edges.Author"},
		{"a model that is a value", func(a *article, to *invalidate.Targets) { to.Model(&a.Category) }, "Category"},
		{"one inside another", func(a *article, to *invalidate.Targets) { to.Path("/" + a.Category.Parent.Slug) }, "Category"},
		{"two, each by itself", func(a *article, to *invalidate.Targets) { to.Group(a.Category.Slug); to.Model(a.Series) }, "Category Series"},
		{"two in one path", func(a *article, to *invalidate.Targets) { to.Route(rowPair, a.Category.Slug, a.Series.Slug) }, "Series Category"},
		{"none", func(a *article, to *invalidate.Targets) { to.Route(rowPage, a.Slug) }, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inv := invalidate.New(newPurger(), nil)
			invalidate.Register(inv, tt.rule)
			invalidate.Register(inv, func(s *section, to *invalidate.Targets) { to.Group(s.Slug) })
			for _, was := range []bool{false, true} {
				_, err := inv.Resolve(invalidate.Row{Model: &article{ID: 1, Slug: "a"}, Was: was, Unloaded: notLoaded})
				if got := errors.Is(err, invalidate.ErrNotLoaded); got != (tt.want != "") {
					t.Fatalf("was %v: got %v, want ErrNotLoaded: %v", was, err, tt.want != "")
				}
				for _, field := range []string{"Category", "Series", "Edges.Author"} {
					named := err != nil && strings.Contains(err.Error(), "invalidate_test.article."+field+" was not loaded")
					if named && !strings.Contains(tt.want, field) {
						t.Errorf("was %v: %v: names %s, want %s", was, err, field, tt.want)
					}
				}
				for field := range strings.FieldsSeq(tt.want) {
					wantError(t, err, "invalidate_test.article."+field+" was not loaded")
				}
			}
		})
	}
}

// An empty value stays an error of its own, beside a relation that is not at fault.
func TestEmptyValueBesideUnloadedRelation(t *testing.T) {
	inv := invalidate.New(newPurger(), nil)
	invalidate.Register(inv, func(a *article, to *invalidate.Targets) { to.Route(rowPage, a.Slug) })
	_, err := inv.Resolve(invalidate.Row{Model: &article{ID: 1}, Unloaded: notLoaded})
	if err == nil || errors.Is(err, invalidate.ErrNotLoaded) {
		t.Errorf("as it is: got %v, want an error about an empty segment", err)
	}
	if _, err := inv.Resolve(invalidate.Row{Model: &article{ID: 1}, Was: true, Unloaded: notLoaded}); err != nil {
		t.Errorf("as it was: got %v, want none: the rule does not read what was not loaded", err)
	}
	invalidate.Register(inv, func(s *section, to *invalidate.Targets) { to.Group(s.Slug); to.Group(s.Parent.Slug) })
	parent := func(m any) []invalidate.Relation { return []invalidate.Relation{{Field: "Parent", Load: "preload it"}} }
	_, err = inv.Resolve(invalidate.Row{Model: &section{}, Was: true, Unloaded: parent})
	wantError(t, err, "invalidate_test.section.Parent was not loaded", "preload it")
}

// A panic that no relation is to blame for goes on, for the row as it is.
func TestPanicBesideUnloadedRelation(t *testing.T) {
	inv := invalidate.New(newPurger(), nil)
	invalidate.Register(inv, func(*article, *invalidate.Targets) { panic("invalidate: a bug") })
	mustPanic(t, "a bug", func() {
		_, _ = inv.Resolve(invalidate.Row{Model: &article{}, Unloaded: notLoaded})
	})
}

// A Base is embedded by a pointer, and shared by copies of a model.
type Base struct{ Owner *section }

// The model, which the application goes on using, is not changed: filled structs are in
// the copy only.
func TestEmbeddedPointerIsNotFilled(t *testing.T) {
	type note struct {
		*Base
		More *Base
	}
	inv := invalidate.New(newPurger(), nil)
	invalidate.Register(inv, func(n *note, to *invalidate.Targets) {
		for _, b := range []*Base{n.Base, n.More} {
			if b.Owner == nil {
				to.Group("")
			}
		}
	})
	for field, want := range map[string]string{"Owner": "Owner", "Base.Owner": "Base.Owner", "More.Owner": "More.Owner", "Nil.Owner": ""} {
		n := &note{Base: new(Base), More: new(Base)}
		err := inv.Invalidate(t.Context(), invalidate.Row{Model: n, Unloaded: func(any) []invalidate.Relation {
			return []invalidate.Relation{{Field: field, Load: "load it"}}
		}})
		if err == nil || errors.Is(err, invalidate.ErrNotLoaded) != (want != "") || want != "" && !strings.Contains(err.Error(), "."+want+" was not loaded") {
			t.Errorf("%s: got %v", field, err)
		}
		if n.Owner != nil || n.More.Owner != nil {
			t.Errorf("%s: the model was filled: %v, %v", field, n.Owner, n.More.Owner)
		}
	}
}
