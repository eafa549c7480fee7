package invalidate_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
)

// A node is a model that leads to others. Its rules make them anew each time.
type node struct{ ID int }

func TestCascade(t *testing.T) {
	p := newPurger()
	inv := newBlog(p, nil)
	invalidate.Register(inv, func(a *Author, to *invalidate.Targets) {
		to.Path("/authors/" + a.Name + "/")
		to.Model(&Post{ID: 1, Slug: "a"}, []*Post{{ID: 2, Slug: "b"}})
	})
	to, err := inv.Resolve(&Author{Name: "ada"})
	if err != nil {
		t.Fatal(err)
	}
	// *Author has the String of Author.
	const want = "" +
		"path:/authors/ada/  invalidate_test.Author ada\n" +
		"path:/blog/         invalidate_test.Author ada -> invalidate_test.Post 1, invalidate_test.Author ada -> invalidate_test.Post 2\n" +
		"path:/blog/a/       invalidate_test.Author ada -> invalidate_test.Post 1\n" +
		"path:/blog/b/       invalidate_test.Author ada -> invalidate_test.Post 2\n"
	if got := to.String(); got != want {
		t.Errorf("String:\n got %s\nwant %s", got, want)
	}
	if got := to.NamedBy(cache.Path("/blog/b/")); len(got) != 1 || got[0] != "invalidate_test.Author ada -> invalidate_test.Post 2" {
		t.Errorf("NamedBy: got %q", got)
	}
	if got := to.NamedBy(cache.Path("/elsewhere/")); got != nil {
		t.Errorf("NamedBy of what was not named: got %q, want none", got)
	}
	if p.Trace.Want(t); t.Failed() {
		t.Error("Resolve has purged")
	}
}

// A relation that a row does not have is no mistake of the rule.
func TestCascadeToNilPointer(t *testing.T) {
	p := newPurger()
	inv := newBlog(p, nil)
	invalidate.Register(inv, func(a *Author, to *invalidate.Targets) {
		var none *Post
		to.Path("/a")
		to.Model(none, []*Post{none, {Slug: "b"}})
	})
	if err := inv.Invalidate(t.Context(), &Author{}); err != nil {
		t.Error(err)
	}
	p.Trace.Want(t, "PURGE path:/a path:/blog/ path:/blog/b/")
}

// A cascade that leads to a model without a rule is an error that shows the way there.
func TestCascadeToModelWithoutRule(t *testing.T) {
	inv := invalidate.New(newPurger(), nil)
	invalidate.Register(inv, func(a *Author, to *invalidate.Targets) {
		to.Path("/a")
		to.Model(nil, 7)
		to.Path("/b")
	})
	to, err := inv.Resolve(&Author{Name: "ada"})
	wantError(t, err, "invalidate: invalidate_test.Author ada -> nil: ", "invalidate: invalidate_test.Author ada -> int 7: no rule")
	if got, want := join(to.Dependencies()), "path:/a path:/b"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestCyclesEnd(t *testing.T) {
	tests := []struct {
		name  string
		root  any
		rule  func(calls *int) func(*node, *invalidate.Targets)
		calls int
	}{
		{"the same model", &node{ID: 1}, func(calls *int) func(*node, *invalidate.Targets) {
			return func(n *node, to *invalidate.Targets) { *calls++; to.Model(n, n) }
		}, 1},
		{"equal models, made anew", &node{ID: 1}, func(calls *int) func(*node, *invalidate.Targets) {
			return func(n *node, to *invalidate.Targets) { *calls++; to.Model(&node{ID: 3 - n.ID}) }
		}, 2},
		{"a graph with many ways through", &node{ID: 1}, func(calls *int) func(*node, *invalidate.Targets) {
			return func(n *node, to *invalidate.Targets) {
				*calls++
				for id := range 40 {
					to.Model(&node{ID: id})
				}
			}
		}, 40},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inv := invalidate.New(newPurger(), nil)
			calls := 0
			invalidate.Register(inv, tt.rule(&calls))
			if _, err := inv.Resolve(tt.root); err != nil {
				t.Fatal(err)
			}
			if calls != tt.calls {
				t.Errorf("the rule was asked %d times, want %d", calls, tt.calls)
			}
		})
	}
}

func TestModelPassedTwiceIsAskedOnce(t *testing.T) {
	inv := invalidate.New(newPurger(), nil)
	calls := 0
	invalidate.Register(inv, func(*node, *invalidate.Targets) { calls++ })
	n := &node{ID: 1}
	if _, err := inv.Resolve(n, n, []*node{n}); err != nil {
		t.Fatal(err)
	}
	if calls != 1 {
		t.Errorf("the rule was asked %d times, want 1", calls)
	}
}

// The old and the new values of a model are two models, though they have one ID.
func TestOldAndNewAreBothAsked(t *testing.T) {
	p := newPurger()
	if err := newBlog(p, nil).Invalidate(t.Context(), &Post{ID: 1, Slug: "old"}, &Post{ID: 1, Slug: "new"}); err != nil {
		t.Fatal(err)
	}
	p.Trace.Want(t, "PURGE path:/blog/ path:/blog/new/ path:/blog/old/")
}

// A model that cannot be compared with == is a model like any other.
func TestModelsThatCannotBeCompared(t *testing.T) {
	type tagged struct{ Tags []string }
	inv := invalidate.New(newPurger(), nil)
	invalidate.Register(inv, func(m tagged, to *invalidate.Targets) {
		to.Group(m.Tags...)
		to.Model(tagged{Tags: []string{"a"}})
	})
	to, err := inv.Resolve(tagged{Tags: []string{"b"}}, tagged{Tags: []string{"c"}})
	if got, want := join(to.Dependencies()), "group:a group:b group:c"; err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

func TestEndlessCascade(t *testing.T) {
	for _, branches := range []int{1, 50} {
		t.Run(fmt.Sprint(branches, " branches"), func(t *testing.T) {
			p := newPurger()
			inv := newBlog(p, &invalidate.Options{MaxCascade: 10})
			calls, last := 0, 0
			invalidate.Register(inv, func(n *node, to *invalidate.Targets) {
				calls++
				to.Path(fmt.Sprintf("/%d", n.ID))
				for range branches {
					last++
					to.Model(&node{ID: last}) // always a new one
				}
			})
			err := inv.Invalidate(t.Context(), &node{}, &Post{Slug: "a"})
			wantError(t, err, "invalidate: invalidate_test.node 0: cascade of more than MaxCascade = 10 models: ",
				"invalidate_test.node 0 -> invalidate_test.node 1 -> ", " -> ...")
			if calls != 11 {
				t.Errorf("the rule was asked %d times, want 11: the root and 10 more", calls)
			}
			if got := p.one(t).Dependencies; !strings.Contains(join(got), "path:/blog/a/") || len(got) != 13 {
				t.Errorf("the rest was not purged: got %q", got)
			}
		})
	}
}

func TestMaxCascadeIsEnough(t *testing.T) {
	inv := invalidate.New(newPurger(), &invalidate.Options{MaxCascade: 3})
	invalidate.Register(inv, func(n *node, to *invalidate.Targets) {
		to.Path(fmt.Sprintf("/%d", n.ID))
		if n.ID < 3 {
			to.Model(&node{ID: n.ID + 1})
		}
	})
	to, err := inv.Resolve(&node{})
	if got, want := join(to.Dependencies()), "path:/0 path:/1 path:/2 path:/3"; err != nil || got != want {
		t.Errorf("a chain of 3 models with MaxCascade 3: got %q, %v, want %q", got, err, want)
	}
}

func TestShortChainIsNamedInFull(t *testing.T) {
	inv := invalidate.New(newPurger(), &invalidate.Options{MaxCascade: 1})
	invalidate.Register(inv, func(n node, to *invalidate.Targets) { to.Model(node{ID: n.ID + 1}) })
	_, err := inv.Resolve(node{})
	wantError(t, err, "MaxCascade = 1 models: invalidate_test.node 0 -> invalidate_test.node 1 -> invalidate_test.node 2")
}
