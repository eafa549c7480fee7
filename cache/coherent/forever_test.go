package coherent_test

import (
	"context"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/internal/engine"
)

// Durations that mean "for ever" are long, and not over.
func TestFetchForEver(t *testing.T) {
	for name, b := range map[string]func(t *testing.T) cache.Backend{
		"in memory": func(t *testing.T) cache.Backend { return newMemory(t) },
		"remote":    func(t *testing.T) cache.Backend { return &remote{Backend: newMemory(t)} },
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

// To delete many keys may take many times the Timeout, which is not negative then.
func TestDeleteManyKeysWithLongTimeout(t *testing.T) {
	keys := make([]string, 5000)
	for i := range keys {
		keys[i] = fmt.Sprint(i)
	}
	c := newCache(t, &remote{Backend: newMemory(t)}, &coherent.Options{Timeout: math.MaxInt64})
	if err := engine.NewValues(c.Engine(), bytesCodec{}).Delete(t.Context(), keys...); err != nil {
		t.Error(err)
	}
}

type bytesCodec struct{}

func (bytesCodec) Encode(b []byte) ([]byte, error) { return b, nil }
func (bytesCodec) Decode(b []byte) ([]byte, error) { return b, nil }
func (bytesCodec) Size(b []byte) int               { return len(b) }

// A lease for ever is waited for as long as it takes.
func TestLeaseForEver(t *testing.T) {
	for _, d := range []time.Duration{math.MaxInt64, math.MaxInt64/2 + 1, 200 * 365 * 24 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			b := newLeasing(t)
			var wg sync.WaitGroup
			var loads atomic.Int64
			for range 3 {
				c := process(t, b, d)
				wg.Go(func() {
					_, err := coherent.Fetch(t.Context(), c, "k", time.Hour, func(context.Context, *coherent.Deps) (int, error) {
						loads.Add(1)
						time.Sleep(time.Minute)
						return 1, nil
					})
					if err != nil {
						t.Error(err)
					}
				})
				synctest.Wait()
			}
			wg.Wait()
			if n := loads.Load(); n != 1 {
				t.Errorf("%v: loaded by %d of 3 processes, want 1", d, n)
			}
		})
	}
}
