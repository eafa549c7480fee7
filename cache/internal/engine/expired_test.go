package engine

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
)

// keeper returns what has expired, as a cache.Local may.
type keeper struct{ *memory.Backend }

func (k keeper) SetLocal(key string, value any, size int, _ time.Duration) {
	k.Backend.SetLocal(key, value, size, 0)
}

var _ cache.Local = keeper{}

// What a cache.Local returns after its ttl is not a value any more, on either road.
func TestExpiredLocally(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory.New(nil)
		defer m.Close()
		c, err := New(keeper{m}, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		v := NewValues(c, texts{})
		for _, ttl := range []time.Duration{time.Second, time.Hour} {
			if _, _, err := v.Get(t.Context(), []byte("k")); err != nil { // reads the log
				t.Fatal(err)
			}
			if stored, err := v.Set(t.Context(), "k", "v", ttl, c.Begin()); !stored || err != nil {
				t.Fatalf("Set: %v, %v", stored, err)
			}
			time.Sleep(ttl - time.Millisecond)
			if s, verdict, err := v.Get(t.Context(), []byte("k")); s == nil || verdict != Fresh || err != nil {
				t.Errorf("%v after it was stored for %v: Get found %v, %v, %v, want it fresh", ttl-time.Millisecond, ttl, s, verdict, err)
			}
			time.Sleep(time.Millisecond)
			if _, ok := m.GetLocal([]byte("k")); !ok {
				t.Fatal("GetLocal does not return what has expired: nothing is tested")
			}
			if s, verdict, err := v.Get(t.Context(), []byte("k")); s != nil || verdict != Absent || err != nil {
				t.Errorf("%v after it was stored for it: Get found %v, %v, %v, want nothing", ttl, s, verdict, err)
			}
			if s := v.Hit([]byte("k"), time.Now()); s != nil {
				t.Errorf("%v after it was stored for it: Hit found %q, want nothing", ttl, s.Value)
			}
		}
	})
}
