package coherent_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/internal/enginetest"
)

// An outer value depends on the dependencies of an inner one, whether that was loaded,
// waited for or found.
func TestNestedFetch(t *testing.T) {
	for _, warm := range []bool{false, true} {
		c := newCache(t, newMemory(t), nil)
		r := &row{v: 1}
		outer := func() (int, error) {
			return coherent.Fetch(t.Context(), c, "outer", 0, func(ctx context.Context, _ *coherent.Deps) (int, error) {
				return fetchRow(ctx, c, r)
			})
		}
		if warm {
			wantRow(t, c, r, 1, "warming")
		}
		if v, err := outer(); v != 1 || err != nil {
			t.Fatalf("outer: got %d, %v; want 1", v, err)
		}
		r.write(2)
		purge(t, c, group())
		if v, err := outer(); v != 2 || err != nil {
			t.Errorf("warm %v: the inner value was purged: outer gives %d, %v; want 2", warm, v, err)
		}
	}
}

// An outer value also depends on an inner one that could not be loaded.
func TestNestedFetchThatFails(t *testing.T) {
	notFound := errors.New("not found")
	for name, fail := range map[string]func() (int, error){
		"error": func() (int, error) { return 0, notFound },
		"panic": func() (int, error) { panic(notFound) },
	} {
		t.Run(name, func(t *testing.T) {
			c := newCache(t, newMemory(t), nil)
			found := false
			outer := func() (int, error) {
				return coherent.Fetch(t.Context(), c, "outer", 0, func(ctx context.Context, _ *coherent.Deps) (v int, _ error) {
					defer func() { _ = recover() }()
					v, _ = coherent.Fetch(ctx, c, "inner", 0, func(_ context.Context, deps *coherent.Deps) (int, error) {
						deps.Add(group())
						if !found {
							return fail()
						}
						return 1, nil
					})
					return v, nil
				})
			}
			if v, err := outer(); v != 0 || err != nil {
				t.Fatalf("before there is one: got %d, %v; want 0", v, err)
			}
			found = true
			purge(t, c, group())
			if v, err := outer(); v != 1 || err != nil {
				t.Errorf("made and purged: got %d, %v; want 1", v, err)
			}
		})
	}
}

type post struct {
	Title string
	Tags  []string
}

func TestEveryCallerGetsACopy(t *testing.T) {
	c := newCache(t, newMemory(t), nil)
	load := func(context.Context, *coherent.Deps) (*post, error) {
		return &post{Title: "hello", Tags: []string{"a"}}, nil
	}
	for i := range 3 {
		p, err := coherent.Fetch(t.Context(), c, "post", 0, load)
		if err != nil || p.Title != "hello" || p.Tags[0] != "a" {
			t.Fatalf("fetch %d: got %+v, %v: a caller before changed it", i, p, err)
		}
		p.Title, p.Tags[0] = "changed", "changed"
	}
}

func TestFetchOfWhatJSONCannotHold(t *testing.T) {
	var seen []coherent.Observation
	c := newCache(t, newMemory(t), &coherent.Options{Observe: func(o coherent.Observation) { seen = append(seen, o) }})
	_, err := coherent.Fetch(t.Context(), c, "f", 0, func(context.Context, *coherent.Deps) (func(), error) { return func() {}, nil })
	if err != nil {
		t.Errorf("the value was loaded: got error %v", err)
	}
	if len(seen) != 1 || seen[0].Op != coherent.OpEncode {
		t.Errorf("observed %+v, want one %q", seen, coherent.OpEncode)
	}
}

// Long keys that differ at their end are different keys. The store is given short ones.
func TestFetchWithLongKeys(t *testing.T) {
	m := newMemory(t)
	var longest int
	b := &keyed{Backend: m, seen: func(key string) { longest = max(longest, len(key)) }}
	c := newCache(t, b, nil)
	long := strings.Repeat("q", 1<<20)
	for range 2 {
		for _, key := range []string{long + "a", long + "b"} {
			got, err := coherent.Fetch(t.Context(), c, key, time.Hour, func(context.Context, *coherent.Deps) (string, error) { return key[len(key)-1:], nil })
			if err != nil || got != key[len(key)-1:] {
				t.Errorf("got %q, %v; want %q", got, err, key[len(key)-1:])
			}
		}
	}
	if longest > 512 {
		t.Errorf("the store was given a key of %d bytes", longest)
	}
}

// keyed tells seen the keys that the store is given.
type keyed struct {
	cache.Backend
	seen func(key string)
}

func (k *keyed) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	k.seen(key)
	return k.Backend.Set(ctx, key, value, ttl)
}

// Durations that mean "for ever" do not overflow.
func TestLongDurations(t *testing.T) {
	for name, b := range map[string]func(t *testing.T) cache.Backend{
		"in memory": func(t *testing.T) cache.Backend { return newMemory(t) },
		"remote":    func(t *testing.T) cache.Backend { return &enginetest.Remote{Backend: newMemory(t)} },
	} {
		for _, d := range []time.Duration{math.MaxInt64, math.MaxInt64 - 1, 200 * 365 * 24 * time.Hour, 1 << 31 * time.Second} {
			synctest.Test(t, func(t *testing.T) {
				c := newCache(t, b(t), &coherent.Options{Timeout: d, Lease: d})
				loads := 0
				load := func(context.Context, *coherent.Deps) (int, error) { loads++; return 1, nil }
				for range 3 {
					if v, err := coherent.Fetch(t.Context(), c, "k", d, load); v != 1 || err != nil {
						t.Errorf("%s, %v: got %d, %v", name, d, v, err)
					}
					time.Sleep(24 * time.Hour)
				}
				if loads != 1 {
					t.Errorf("%s, %v: loaded %d times, want 1", name, d, loads)
				}
			})
		}
	}
}

// A value whose load began a transaction may show what is not committed, so it is neither
// stored nor given to waiting calls.
func TestBypassBeginsDuringALoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCache(t, newMemory(t), nil)
		var inTransaction atomic.Bool
		var all sync.WaitGroup
		all.Go(func() {
			ctx := cache.WithBypassWhile(t.Context(), inTransaction.Load)
			got, err := coherent.Fetch(ctx, c, "k", time.Hour, func(context.Context, *coherent.Deps) (string, error) {
				inTransaction.Store(true)
				time.Sleep(time.Second)
				return "not committed", nil
			})
			if got != "not committed" || err != nil {
				t.Errorf("the writer: got %q, %v; want its own value", got, err)
			}
		})
		synctest.Wait()
		got, err := coherent.Fetch(t.Context(), c, "k", time.Hour, func(context.Context, *coherent.Deps) (string, error) {
			return "committed", nil
		})
		if got != "committed" || err != nil {
			t.Errorf("the call that waited: got %q, %v; want the committed value", got, err)
		}
		all.Wait()
	})
}
