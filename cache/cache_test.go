package cache_test

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/uncache/uncache/cache"
)

func ExampleAppendPathDependencies() {
	for _, d := range cache.AppendPathDependencies(nil, "/blog/hello/") {
		fmt.Println(d)
	}
	// Output:
	// path:/blog/hello/
	// prefix:
	// prefix:/blog
	// prefix:/blog/hello
}

func TestJoinOfNothing(t *testing.T) {
	var log *struct{ cache.Log }
	for name, join := range map[string]func(){
		"the Cache is nil": func() { cache.Join(nil, new(struct{ cache.Log })) },
		"the Log is nil":   func() { cache.Join(new(struct{ cache.Cache }), log) },
	} {
		func() {
			defer func() {
				if got, want := fmt.Sprint(recover()), "cache: Join: "+name; got != want {
					t.Errorf("panic %q, want %q", got, want)
				}
			}()
			join()
		}()
	}
}

func TestPrefixCoversWholeSegments(t *testing.T) {
	tests := []struct {
		prefix, path string
		want         bool
	}{
		{"/blog/", "/blog/", true},
		{"/blog/", "/blog", true},
		{"/blog", "/blog/hello/", true},
		{"/blog", "/blogger", false},
		{"/blog/hello", "/blog/", false},
		{"/", "/", true},
		{"/", "/anything/at/all", true},
		{"", "/x", true},
		{"/a//b", "/a//b/c", true},
		{"/a", "/a//b/c", true},
		{"/a/b", "/a/b%2Fc", true},
		{"/a%2Fb", "/a%2Fb/c", true},
		{"/a/b", "/a%2Fbc", false},
	}
	for _, tt := range tests {
		got := slices.Contains(cache.AppendPathDependencies(nil, tt.path), cache.Prefix(tt.prefix))
		if got != tt.want {
			t.Errorf("Prefix(%q) covers %q: got %v, want %v", tt.prefix, tt.path, got, tt.want)
		}
	}
}

// The number must never change: it stands in stored responses that other
// processes, and other versions, read.
func TestHashIsFixed(t *testing.T) {
	if got, want := cache.Path("/blog/hello/").Hash(), uint64(0x5d42a9c60d785255); got != want {
		t.Errorf("Path(/blog/hello/).Hash() = %#x, want %#x", got, want)
	}
}

type store struct{ cache.Cache }

type headed struct {
	cache.Backend
}

func (headed) GetHead(context.Context, string) ([]byte, bool, cache.Position, error) {
	return nil, false, 1, nil
}

type local struct{ cache.Cache }

func (local) GetLocal([]byte) (any, bool)              { return "v", true }
func (local) SetLocal(string, any, int, time.Duration) {}

type clock struct{ cache.Log }

func (clock) Head() cache.Position { return 7 }

func TestJoinKeepsAbilities(t *testing.T) {
	for _, tt := range []struct {
		name               string
		backend            cache.Backend
		local, head, tiers bool
	}{
		{"plain", cache.Join(store{}, struct{ cache.Log }{}), false, false, true},
		{"local", cache.Join(local{}, struct{ cache.Log }{}), true, false, true},
		{"local log", cache.Join(store{}, clock{}), false, true, true},
		{"both", cache.Join(local{}, clock{}), true, true, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, ok := cache.Tiers(tt.backend)[0].(cache.Local); ok != tt.local {
				t.Errorf("Local: got %v, want %v", ok, tt.local)
			}
			if _, ok := tt.backend.(cache.LocalLog); ok != tt.head {
				t.Errorf("LocalLog: got %v, want %v", ok, tt.head)
			}
			if got := len(cache.Tiers(tt.backend)); got != 1 {
				t.Errorf("Tiers: got %d, want 1", got)
			}
		})
	}
}

type leasing struct{ headed }

func (leasing) Lease(context.Context, string, string, time.Duration) (string, error) { return "", nil }
func (leasing) Release(context.Context, string, string) error                        { return nil }

type reaching struct{ headed }

func (reaching) Reach(context.Context) error { return nil }

// both are what a Redis backend can do.
type both struct {
	leasing
	reach interface{ Reach(context.Context) error }
}

func (b both) Reach(ctx context.Context) error { return b.reach.Reach(ctx) }

// Hiding the head of a store that was joined to another log hides nothing else.
func TestJoinKeepsWhatTiersCanDo(t *testing.T) {
	for _, tt := range []struct {
		name            string
		cache           cache.Cache
		leases, reaches bool
	}{
		{"head", headed{}, false, false},
		{"head, leases", leasing{}, true, false},
		{"head, connections", reaching{}, false, true},
		{"head, leases, connections", both{reach: reaching{}}, true, true},
	} {
		for _, tier := range cache.Tiers(cache.Join(tt.cache, clock{})) {
			if _, ok := tier.(cache.HeadGetter); ok {
				t.Errorf("%s: reads the head of a log that was not joined", tt.name)
			}
			if _, ok := tier.(cache.Leaser); ok != tt.leases {
				t.Errorf("%s: Leaser: got %v, want %v", tt.name, ok, tt.leases)
			}
			if _, ok := tier.(interface{ Reach(context.Context) error }); ok != tt.reaches {
				t.Errorf("%s: Reach: got %v, want %v", tt.name, ok, tt.reaches)
			}
		}
	}
}

// A Redis backend joined to another log must not answer with the head of its
// own.
func TestJoinHidesTheOtherHead(t *testing.T) {
	b := cache.Join(headed{}, clock{})
	if _, ok := b.(cache.HeadGetter); ok {
		t.Error("the joined backend reads a head beside its values")
	}
	for _, tier := range cache.Tiers(b) {
		if _, ok := tier.(cache.HeadGetter); ok {
			t.Error("a tier of the joined backend reads the head of a log that was not joined")
		}
	}
}

func TestBypass(t *testing.T) {
	ctx := context.Background()
	if cache.Bypassed(ctx) {
		t.Error("a plain context bypasses the cache")
	}
	if !cache.Bypassed(cache.WithBypass(ctx)) {
		t.Error("WithBypass does not bypass the cache")
	}
}

func TestRolledBack(t *testing.T) {
	var outer, inner int
	cache.RolledBack(context.Background()) // nobody minds
	ctx := cache.WithRolledBack(context.Background(), func() { outer++ })
	cache.RolledBack(ctx)
	cache.RolledBack(cache.WithRolledBack(ctx, func() { inner++ }))
	if outer != 2 || inner != 1 {
		t.Errorf("the outer value was told %d times, the inner one %d times; want 2 and 1", outer, inner)
	}
}

func TestBypassWhile(t *testing.T) {
	on := false
	ctx := cache.WithBypassWhile(context.Background(), func() bool { return on })
	inside := cache.WithBypass(ctx)
	around := cache.WithBypassWhile(cache.WithBypass(context.Background()), func() bool { return on })
	for _, on = range []bool{false, true, false} {
		if got := cache.Bypassed(ctx); got != on {
			t.Errorf("while %v: Bypassed is %v", on, got)
		}
		if !cache.Bypassed(inside) || !cache.Bypassed(around) {
			t.Errorf("while %v: a context of WithBypass does not bypass the cache", on)
		}
	}
}

// What a third party implements is all to be seen in its documentation: no exported
// interface embeds one that is not.
func TestInterfacesHideNothing(t *testing.T) {
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok || !spec.Name.IsExported() {
				return true
			}
			if i, ok := spec.Type.(*ast.InterfaceType); ok {
				for _, m := range i.Methods.List {
					if embedded, ok := m.Type.(*ast.Ident); ok && !embedded.IsExported() {
						t.Errorf("%s: cache.%s embeds %s: go doc says no more than \"Has unexported methods\"", name, spec.Name, embedded)
					}
				}
			}
			return true
		})
	}
}
