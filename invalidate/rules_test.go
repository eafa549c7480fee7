package invalidate_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/uncache/uncache/invalidate"
)

func TestRegisterPanics(t *testing.T) {
	inv := newBlog(newPurger(), nil)
	mustPanic(t, "Register[*invalidate_test.Post]: the type has a rule already", func() {
		invalidate.Register(inv, func(*Post, *invalidate.Targets) {})
	})
	mustPanic(t, "Register[*invalidate_test.Author]: the rule is nil", func() {
		invalidate.Register[*Author](inv, nil)
	})
	mustPanic(t, "Register[fmt.Stringer]: an interface", func() {
		invalidate.Register(inv, func(fmt.Stringer, *invalidate.Targets) {})
	})
	mustPanic(t, "an interface", func() {
		invalidate.Register(inv, func(any, *invalidate.Targets) {})
	})

	// A panic leaves nothing locked, and the first rule in its place.
	if to, err := inv.Resolve(&Post{Slug: "a"}); err != nil || join(to.Dependencies()) != "path:/blog/ path:/blog/a/" {
		t.Errorf("after the panics: got %v, %v", to, err)
	}
}

func TestModelWithoutRule(t *testing.T) {
	inv := invalidate.New(newPurger(), nil)
	invalidate.Register(inv, func(p *Post, to *invalidate.Targets) { to.Path("/") })
	invalidate.Register(inv, func(a Author, to *invalidate.Targets) { to.Path("/") })
	tests := []struct {
		name  string
		model any
		rule  bool // errors.Is(err, ErrNoRule)
		want  []string
	}{
		{"nil", nil, false, []string{"invalidate: nil: ", "model is nil"}},
		{"nil pointer", (*Post)(nil), false, []string{"invalidate: invalidate_test.Post: ", "nil pointer"}},
		{"value for pointer", Post{}, true, []string{"no rule for invalidate_test.Post, but for *invalidate_test.Post: pass a pointer"}},
		{"pointer for value", &Author{}, true, []string{"no rule for *invalidate_test.Author, but for invalidate_test.Author: pass the value"}},
		{"unknown", 7, true, []string{"invalidate: int 7: no rule for int: Register one"}},
		{"slice of unknown", []int{7}, true, []string{"no rule for int"}},
		{"slice with nil", []*Post{nil}, false, []string{"nil pointer"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := inv.Resolve(tt.model)
			wantError(t, err, tt.want...)
			if got := errors.Is(err, invalidate.ErrNoRule); got != tt.rule {
				t.Errorf("errors.Is(%v, ErrNoRule): got %v, want %v", err, got, tt.rule)
			}
		})
	}
}

// One model that cannot be resolved must not leave the others stale.
func TestOtherModelsArePurged(t *testing.T) {
	p := newPurger()
	inv := newBlog(p, nil)
	err := inv.Invalidate(t.Context(), nil, &Post{Slug: "a"}, 7, (*Post)(nil), &Post{Slug: "b"})
	wantError(t, err, "model is nil", "no rule for int", "nil pointer")
	p.Trace.Want(t, "PURGE path:/blog/ path:/blog/a/ path:/blog/b/")
}

func TestSliceOfModels(t *testing.T) {
	p := newPurger()
	inv := newBlog(p, nil)
	if err := inv.Invalidate(t.Context(), []*Post{{Slug: "a"}, {Slug: "b"}}, []any{&Post{Slug: "c"}}, []*Post{}); err != nil {
		t.Fatal(err)
	}
	p.Trace.Want(t, "PURGE path:/blog/ path:/blog/a/ path:/blog/b/ path:/blog/c/")

	// A slice type that has a rule is a model.
	invalidate.Register(inv, func(all []*Post, to *invalidate.Targets) { to.Path(fmt.Sprintf("/%d/", len(all))) })
	if to, err := inv.Resolve([]*Post{{Slug: "a"}, {Slug: "b"}}); err != nil || join(to.Dependencies()) != "path:/2/" {
		t.Errorf("a slice with a rule of its own: got %v, %v", to, err)
	}
}

func TestRegisterWhileInUse(t *testing.T) {
	inv := newBlog(newPurger(), nil)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 200 {
				if err := inv.Invalidate(t.Context(), &Post{Slug: "a"}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	invalidate.Register(inv, func(Author, *invalidate.Targets) {})
	invalidate.Register(inv, func(int, *invalidate.Targets) {})
	wg.Wait()
	if _, err := inv.Resolve(Author{}, 7); err != nil {
		t.Error(err)
	}
}

type Tagged struct {
	ID   int
	Tags []string
}

// What a rule needs is in the model, as it was and as it is. The pages of the removed
// and of the added tag are both purged, on the only connection.
func TestRuleReadsRelationInInTx(t *testing.T) {
	p := newPurger()
	db, _ := newDB(t, p.Trace)
	db.SetMaxOpenConns(1)
	inv := invalidate.New(p, nil)
	invalidate.Register(inv, func(m *Tagged, to *invalidate.Targets) {
		for _, tag := range m.Tags {
			to.Group("tag:" + tag)
		}
	})
	old, now := &Tagged{ID: 1, Tags: []string{"go", "sql"}}, &Tagged{ID: 1, Tags: []string{"go", "http"}}
	err := inv.InTx(t.Context(), db, nil, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "UPDATE"); err != nil {
			return err
		}
		err := inv.Invalidate(ctx, old, now)
		now.Tags = nil // the rule was asked before COMMIT
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	p.Trace.Want(t, "BEGIN", "UPDATE", "COMMIT", "PURGE group:tag:go group:tag:http group:tag:sql")
}
