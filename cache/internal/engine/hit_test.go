package engine

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
)

// plainLocal is a backend with no other abilities.
type plainLocal struct {
	cache.Local
	cache.LocalLog
}

func (p plainLocal) Close() error { return nil }

// Hit finds what Get would find fresh, and nothing else.
func TestHit(t *testing.T) {
	for name, wrap := range map[string]func(*memory.Backend) cache.Backend{
		"memory": func(m *memory.Backend) cache.Backend { return m },
		"plain":  func(m *memory.Backend) cache.Backend { return plainLocal{m, m} },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := memory.New(nil)
				defer m.Close()
				c, err := New(wrap(m), nil)
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				v := NewValues(c, texts{})
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
					f := c.Begin()
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
				if _, verdict, err := v.Get(t.Context(), []byte("k")); verdict != SoftPurged || err != nil {
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

// Where the log is remote, Hit finds something only while MaxStale allows it.
func TestHitOfANearTier(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := memory.New(nil), memory.New(nil)
		defer near.Close()
		defer far.Close()
		for _, maxStale := range []time.Duration{0, time.Second} {
			var away atomic.Bool
			c, err := New(cache.Join(near, remoteLog{far, &away}), &Options{MaxStale: maxStale})
			if err != nil {
				t.Fatal(err)
			}
			v := NewValues(c, texts{})
			synctest.Wait()
			if _, _, err := v.Get(t.Context(), []byte("k")); err != nil {
				t.Fatal(err)
			}
			if stored, err := v.Set(t.Context(), "k", "v", 0, c.Begin()); !stored || err != nil {
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

// remoteLog hides that a log is in this process. It can be away.
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

// setBack returns t by a wall clock that was set back by d, in whole seconds. The
// monotonic reading stays.
func setBack(t time.Time, d time.Duration) time.Time {
	// The layout of package time: 33 bits of seconds, and 30 of nanoseconds.
	*(*uint64)(unsafe.Pointer(&t)) -= uint64(d/time.Second) << 30
	return t
}

// Setting the wall clock back prolongs no value. Time under synctest has no monotonic
// reading, so this test sleeps.
func TestHitWhenTheClockIsSetBack(t *testing.T) {
	const ttl = 200 * time.Millisecond
	c := newCache(t, newMemory(t), nil)
	v := NewValues(c, texts{})
	if _, _, err := v.Get(t.Context(), []byte("k")); err != nil {
		t.Fatal(err)
	}
	if stored, err := v.Set(t.Context(), "k", "v", ttl, c.Begin()); !stored || err != nil {
		t.Fatalf("Set: %v, %v", stored, err)
	}
	now := time.Now()
	if set := setBack(now, time.Hour); set.Sub(now) != 0 || now.UnixNano()-set.UnixNano() != int64(time.Hour) {
		t.Fatalf("%v set back by an hour is %v", now, set)
	}
	if v.Hit([]byte("k"), setBack(now, time.Hour)) == nil && time.Since(now) < ttl {
		t.Error("Hit found nothing before the ttl was over")
	}
	time.Sleep(ttl)
	if s := v.Hit([]byte("k"), setBack(time.Now(), time.Hour)); s != nil {
		t.Errorf("Hit found %q after its ttl", s.Value)
	}
}

// panicking is a backend in memory. Its method panics.
type panicking struct {
	*memory.Backend
	method string
}

func (p *panicking) call(method string) {
	if p.method == method {
		panic("of " + method)
	}
}

func (p *panicking) GetLocal(key []byte) (any, bool) {
	p.call("GetLocal")
	return p.Backend.GetLocal(key)
}

func (p *panicking) Head() cache.Position {
	p.call("Head")
	return p.Backend.Head()
}

func (p *panicking) Delete(ctx context.Context, keys ...string) error {
	p.call("Delete")
	return p.Backend.Delete(ctx, keys...)
}

// Hit finds nothing if the store or the log panics, and Observe is told.
func TestHitOfABackendThatPanics(t *testing.T) {
	for _, method := range []string{"GetLocal", "Head"} {
		b := &panicking{Backend: newMemory(t)}
		var seen []Observation
		c := newCache(t, b, &Options{Observe: func(o Observation) { seen = append(seen, o) }})
		v := NewValues(c, texts{})
		if _, _, err := v.Get(t.Context(), []byte("k")); err != nil {
			t.Fatal(err)
		}
		if stored, err := v.Set(t.Context(), "k", "v", 0, c.Begin()); !stored || err != nil {
			t.Fatalf("Set: %v, %v", stored, err)
		}
		if v.Hit([]byte("k"), time.Now()) == nil {
			t.Fatal("Hit found nothing before")
		}
		b.method = method
		if s := v.Hit([]byte("k"), time.Now()); s != nil {
			t.Errorf("while %s panics: Hit found %q", method, s.Value)
		}
		if len(seen) != 1 || seen[0].Op != OpGet || seen[0].Key != "k" || !errors.Is(seen[0].Err, cache.ErrPanic) {
			t.Errorf("while %s panics: observed %+v, want a get of k with ErrPanic", method, seen)
		}
	}
}
