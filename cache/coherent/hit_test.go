package coherent_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/internal/engine"
)

// plainLocal is a store that reads the clock itself.
type plainLocal struct {
	cache.Local
	cache.LocalLog
}

func (p plainLocal) Close() error { return nil }

// Hit finds what Get would find fresh, and nothing else.
func TestHit(t *testing.T) {
	for name, wrap := range map[string]func(*memory.Backend) cache.Backend{
		"peeker": func(m *memory.Backend) cache.Backend { return m },
		"local":  func(m *memory.Backend) cache.Backend { return plainLocal{m, m} },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := memory.New(nil)
				defer m.Close()
				c, err := coherent.New(wrap(m), nil)
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				v := engine.NewValues(c.Engine(), texts{})
				if !v.Near() {
					t.Fatal("Near is false for a store in memory")
				}
				expect := func(when, want string) {
					t.Helper()
					got := ""
					if s := v.Hit([]byte("k"), time.Now()); s != nil {
						got = s.Value
					}
					if got != want {
						t.Errorf("%s: Hit found %q, want %q", when, got, want)
					}
				}
				store := func(value string, ttl time.Duration) {
					t.Helper()
					if _, _, err := v.Get(t.Context(), []byte("k")); err != nil {
						t.Fatal(err)
					}
					f := c.Engine().Begin()
					f.AddGroups("g")
					if stored, err := v.Set(t.Context(), "k", value, ttl, f); !stored || err != nil {
						t.Fatalf("Set: %v, %v", stored, err)
					}
				}
				purge := func(soft bool) {
					t.Helper()
					if err := c.Purge(t.Context(), cache.Event{Dependencies: []cache.Dependency{cache.Group("g")}, Soft: soft}); err != nil {
						t.Fatal(err)
					}
				}
				expect("nothing stored", "")
				store("one", time.Minute)
				expect("stored", "one")
				purge(true)
				expect("the log was not read since a purge", "")
				if _, verdict, err := v.Get(t.Context(), []byte("k")); verdict != engine.SoftPurged || err != nil {
					t.Fatalf("Get: %v, %v", verdict, err)
				}
				expect("soft-purged", "")
				store("two", time.Minute)
				expect("stored again", "two")
				purge(false)
				if _, _, err := v.Get(t.Context(), []byte("k")); err != nil {
					t.Fatal(err)
				}
				expect("purged", "")
				store("three", time.Minute)
				time.Sleep(time.Minute - time.Millisecond)
				expect("nearly expired", "three")
				time.Sleep(time.Millisecond)
				expect("expired", "")
				store("four", 0)
				time.Sleep(time.Hour)
				expect("for ever", "four")
				if err := v.Delete(t.Context(), "k"); err != nil {
					t.Fatal(err)
				}
				expect("deleted", "")
				store("five", 0)
				_ = c.Close()
				expect("closed", "")
			})
		})
	}
}

// texts is a codec.
type texts struct{}

func (texts) Encode(s string) ([]byte, error) { return []byte(s), nil }
func (texts) Decode(b []byte) (string, error) { return string(b), nil }
func (texts) Size(s string) int               { return len(s) }

// Where the log has to be asked for, Hit finds something only as long as a
// MaxStale allows it.
func TestHitOfANearTier(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := memory.New(nil), memory.New(nil)
		defer near.Close()
		defer far.Close()
		for _, maxStale := range []time.Duration{0, time.Second} {
			var away atomic.Bool
			c, err := coherent.New(cache.Join(near, remoteLog{far, &away}), &coherent.Options{MaxStale: maxStale})
			if err != nil {
				t.Fatal(err)
			}
			v := engine.NewValues(c.Engine(), texts{})
			synctest.Wait()
			if _, _, err := v.Get(t.Context(), []byte("k")); err != nil {
				t.Fatal(err)
			}
			if stored, err := v.Set(t.Context(), "k", "v", 0, c.Engine().Begin()); !stored || err != nil {
				t.Fatalf("Set: %v, %v", stored, err)
			}
			if got := v.Hit([]byte("k"), time.Now()) != nil; got != (maxStale > 0) || v.Near() != got {
				t.Errorf("MaxStale %v: Hit found something: %v, Near is %v", maxStale, got, v.Near())
			}
			away.Store(true)
			now := time.Now()
			time.Sleep(maxStale + time.Millisecond)
			if v.Hit([]byte("k"), now) != nil {
				t.Errorf("MaxStale %v: Hit found something by an older view", maxStale)
			}
			_ = c.Close()
		}
	})
}

// remoteLog hides that a log is in this process, and can be away.
type remoteLog struct {
	cache.Log
	away *atomic.Bool
}

func (l remoteLog) Since(ctx context.Context, after cache.Position) (cache.Events, error) {
	if l.away.Load() {
		return cache.Events{}, errors.New("away")
	}
	return l.Log.Since(ctx, after)
}
