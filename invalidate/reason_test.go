package invalidate_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/uncache/uncache/invalidate"
)

type text string

type withPointer struct{ ID *int }

type base struct{ ID string }

type embedding struct{ *base }

type loud struct{}

func (loud) String() string { panic("no") }

func TestReason(t *testing.T) {
	seven := 7
	tests := []struct {
		name   string
		ctx    func(context.Context) context.Context
		models []any
		want   string
	}{
		{"ID", nil, []any{&Post{ID: 42}}, "invalidate_test.Post 42 saved"},
		{"old and new", nil, []any{&Post{ID: 42, Slug: "a"}, &Post{ID: 42, Slug: "b"}}, "invalidate_test.Post 42 saved"},
		{"String", nil, []any{Author{"ada"}}, "invalidate_test.Author ada saved"},
		{"basic kind", nil, []any{text("x")}, "invalidate_test.text x saved"},
		{"line break", nil, []any{text("x\ny")}, `invalidate_test.text "x\ny" saved`},
		{"not UTF-8", nil, []any{text("\xff")}, `invalidate_test.text "\xff" saved`},
		{"long", nil, []any{text(strings.Repeat("é", 500))}, "invalidate_test.text " + strings.Repeat("é", 40) + "... saved"},
		{"pointer", nil, []any{withPointer{&seven}}, "invalidate_test.withPointer 7 saved"},
		{"nil pointer", nil, []any{withPointer{}}, "invalidate_test.withPointer saved"},
		{"embedded", nil, []any{embedding{&base{ID: "x"}}}, "invalidate_test.embedding x saved"},
		{"embedded nil", nil, []any{embedding{}}, "invalidate_test.embedding saved"},
		{"neither", nil, []any{struct{ A int }{}}, "struct { A int } saved"},
		{"many", nil, []any{text("a"), text("b"), text("c"), text("d"), text("e")}, "invalidate_test.text a, invalidate_test.text b, invalidate_test.text c and 2 more saved"},
		{"given", func(ctx context.Context) context.Context { return invalidate.WithReason(ctx, "post 42 deleted by ada") }, []any{&Post{ID: 42}}, "post 42 deleted by ada"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPurger()
			inv := invalidate.New(p, &invalidate.Options{Origin: "node 1"})
			root := func(to *invalidate.Targets) { to.Path("/") }
			invalidate.Register(inv, func(_ *Post, to *invalidate.Targets) { root(to) })
			invalidate.Register(inv, func(_ Author, to *invalidate.Targets) { root(to) })
			invalidate.Register(inv, func(_ text, to *invalidate.Targets) { root(to) })
			invalidate.Register(inv, func(_ withPointer, to *invalidate.Targets) { root(to) })
			invalidate.Register(inv, func(_ embedding, to *invalidate.Targets) { root(to) })
			invalidate.Register(inv, func(_ struct{ A int }, to *invalidate.Targets) { root(to) })
			ctx := t.Context()
			if tt.ctx != nil {
				ctx = tt.ctx(ctx)
			}
			if err := inv.Invalidate(ctx, tt.models...); err != nil {
				t.Fatal(err)
			}
			if e := p.one(t); e.Reason != tt.want || e.Origin != "node 1" {
				t.Errorf("got reason %q, origin %q; want %q, %q", e.Reason, e.Origin, tt.want, "node 1")
			}
		})
	}
}

// A reason is there to be read, and must not break a save.
func TestReasonOfModelWhoseStringPanics(t *testing.T) {
	p := newPurger()
	inv := invalidate.New(p, nil)
	invalidate.Register(inv, func(_ loud, to *invalidate.Targets) { to.Path("/") })
	if err := inv.Invalidate(t.Context(), loud{}); err != nil {
		t.Error(err)
	}
	p.Trace.Want(t, "PURGE path:/")
}

// Two processes of one host are told apart.
func TestDefaultOriginIsHostAndProcess(t *testing.T) {
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	p := newPurger()
	if err := newBlog(p, nil).Invalidate(t.Context(), &Post{}); err != nil {
		t.Fatal(err)
	}
	if got, want := p.one(t).Origin, fmt.Sprint(host, ":", os.Getpid()); got != want {
		t.Errorf("Origin: got %q, want %q", got, want)
	}
}
