package tiered_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/backend/rediscache"
	"github.com/uncache/uncache/backend/tiered"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/cachetest"
	"github.com/uncache/uncache/internal/redistest"
)

func newMemory(t *testing.T) *memory.Backend {
	b := memory.New(nil)
	t.Cleanup(func() { b.Close() })
	return b
}

func newTiered(t *testing.T, near cache.Cache, far cache.Backend) *tiered.Backend {
	t.Helper()
	b, err := tiered.New(near, far)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestConformance(t *testing.T) {
	t.Run("memory over memory", func(t *testing.T) {
		open := func(t *testing.T) *tiered.Backend { return newTiered(t, newMemory(t), newMemory(t)) }
		cachetest.Run(t, func(t *testing.T) cache.Cache { return open(t) })
		cachetest.RunLog(t, cachetest.LogHarness{Whole: true, Open: func(t *testing.T) cache.Log { return open(t) }})
	})
	t.Run("memory over Redis", func(t *testing.T) {
		srv := redistest.New(t, redistest.Config{})
		rdb := redis.NewClient(srv.Options())
		t.Cleanup(func() { rdb.Close() })
		var n atomic.Int64
		open := func(t *testing.T) *tiered.Backend {
			far, err := rediscache.New(rdb, &rediscache.Options{Prefix: fmt.Sprintf("test%d:", n.Add(1))})
			if err != nil {
				t.Fatal(err)
			}
			return newTiered(t, newMemory(t), far)
		}
		cachetest.Run(t, func(t *testing.T) cache.Cache { return open(t) })
		cachetest.RunLog(t, cachetest.LogHarness{Whole: true, Open: func(t *testing.T) cache.Log { return open(t) }})
	})
}

func TestNewRefusesNil(t *testing.T) {
	m := newMemory(t)
	if _, err := tiered.New(nil, m); !errors.Is(err, tiered.ErrOptions) || !strings.Contains(err.Error(), "near") {
		t.Errorf("New(nil, far): got %v, want an error that names near", err)
	}
	if _, err := tiered.New(m, (*memory.Backend)(nil)); !errors.Is(err, tiered.ErrOptions) || !strings.Contains(err.Error(), "far") {
		t.Errorf("New(near, a nil *memory.Backend): got %v, want an error that names far", err)
	}
	if _, err := tiered.New(m, nil); !errors.Is(err, tiered.ErrOptions) || !strings.Contains(err.Error(), "far") {
		t.Errorf("New(near, nil): got %v, want an error that names far", err)
	}
}

func TestTiers(t *testing.T) {
	a, b, c := newMemory(t), newMemory(t), newMemory(t)
	nested := newTiered(t, a, newTiered(t, b, c))
	if got, want := cache.Tiers(nested), []cache.Cache{a, b, c}; !slices.Equal(got, want) {
		t.Errorf("Tiers() = %v, want %v", got, want)
	}
}

// The log is far's, and nothing of near's shows through: coherent would take it
// for that of the log.
func TestLogIsFars(t *testing.T) {
	near, far := newMemory(t), newMemory(t)
	var b any = newTiered(t, near, far)
	if _, ok := b.(cache.LocalLog); ok {
		t.Error("a tiered Backend is a cache.LocalLog")
	}
	if _, ok := b.(cache.HeadGetter); ok {
		t.Error("a tiered Backend is a cache.HeadGetter")
	}
	pos, err := b.(cache.Log).Append(t.Context(), cache.Event{})
	if err != nil || pos != far.Head() {
		t.Errorf("Append = %d, %v; want %d, the head of far's log", pos, err, far.Head())
	}
}

// failing is a cache that answers nothing but an error, once err is set.
type failing struct {
	cache.Backend
	err error
}

func (f *failing) Get(ctx context.Context, key string) ([]byte, bool, error) {
	if f.err != nil {
		return nil, false, f.err
	}
	return f.Backend.Get(ctx, key)
}

func (f *failing) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if f.err != nil {
		return f.err
	}
	return f.Backend.Set(ctx, key, value, ttl)
}

func (f *failing) Delete(ctx context.Context, keys ...string) error {
	if f.err != nil {
		return f.err
	}
	return f.Backend.Delete(ctx, keys...)
}

func TestOneTierFails(t *testing.T) {
	broken := errors.New("broken")
	for _, name := range []string{"near", "far"} {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			near, far := &failing{Backend: newMemory(t)}, &failing{Backend: newMemory(t)}
			b := newTiered(t, near, far)
			if err := b.Set(ctx, "old", []byte("v"), 0); err != nil {
				t.Fatal(err)
			}
			bad, good := near, far
			if name == "far" {
				bad, good = far, near
			}
			bad.err = broken

			// The other makes up for it, where it can.
			if value, ok, err := b.Get(ctx, "old"); err != nil || !ok || string(value) != "v" {
				t.Errorf(`Get("old") = %q, %v, %v; want "v" from the other tier`, value, ok, err)
			}
			for call, err := range map[string]error{
				"Get":    func() error { _, _, err := b.Get(ctx, "nowhere"); return err }(),
				"Set":    b.Set(ctx, "new", []byte("v"), 0),
				"Delete": b.Delete(ctx, "old"),
			} {
				if !errors.Is(err, broken) || !strings.Contains(err.Error(), name) {
					t.Errorf("%s: got %v, want an error that wraps %q and names %s", call, err, broken, name)
				}
			}
			if _, ok, _ := good.Get(ctx, "new"); !ok {
				t.Error("Set has not stored the value in the tier that works")
			}
			if _, ok, _ := good.Get(ctx, "old"); ok {
				t.Error("Delete has not deleted the value from the tier that works")
			}
		})
	}
}

// order notes which tier was asked to write.
type order struct {
	cache.Backend
	name string
	log  *[]string
}

func (o order) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	*o.log = append(*o.log, "set "+o.name)
	return o.Backend.Set(ctx, key, value, ttl)
}

func (o order) Delete(ctx context.Context, keys ...string) error {
	*o.log = append(*o.log, "delete "+o.name)
	return o.Backend.Delete(ctx, keys...)
}

func TestFarIsWrittenFirst(t *testing.T) {
	var log []string
	b := newTiered(t, order{newMemory(t), "near", &log}, order{newMemory(t), "far", &log})
	if err := errors.Join(b.Set(t.Context(), "k", nil, 0), b.Delete(t.Context(), "k")); err != nil {
		t.Fatal(err)
	}
	if want := []string{"set far", "set near", "delete far", "delete near"}; !slices.Equal(log, want) {
		t.Errorf("got %q, want %q", log, want)
	}
}
