package coherent_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/internal/engine"
)

// refusing is a server that reads a value and the head in one round trip, and
// refuses to read one key: something else stands there than a value of ours.
type refusing struct {
	remote
	head    interface{ Head() cache.Position }
	key     string
	refuses atomic.Bool
}

func (r *refusing) GetHead(ctx context.Context, key string) ([]byte, bool, cache.Position, error) {
	if key == r.key && r.refuses.Load() {
		return nil, false, 0, errors.New("WRONGTYPE Operation against a key holding the wrong kind of value")
	}
	head := r.head.Head()
	value, ok, err := r.Get(ctx, key)
	return value, ok, head, err
}

// Set overwrites whatever stands there.
func (r *refusing) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if key == r.key {
		r.refuses.Store(false)
	}
	return r.remote.Set(ctx, key, value, ttl)
}

// A value that the server refuses to read is a miss, as it is where the head is
// asked for by itself: the log was not refused. The next fill mends it, and
// nobody else does without the cache because of it.
func TestARefusedValueIsAMiss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(t)
		b := &refusing{remote: remote{Backend: m}, head: m, key: "value:bad"}
		b.refuses.Store(true)
		var seen notebook
		c := newCache(t, b, &coherent.Options{Observe: seen.note})
		loads := 0
		for range 3 {
			got, err := coherent.Fetch(t.Context(), c, "bad", time.Hour, func(context.Context, *coherent.Deps) (int, error) {
				loads++
				_, verdict, err := engine.NewValues(c.Engine(), texts{}).Get(t.Context(), []byte("other"))
				if verdict != engine.Absent || err != nil {
					t.Errorf("another lookup meanwhile: %v, %v; want it to be answered", verdict, err)
				}
				return 7, nil
			})
			if err != nil || got != 7 {
				t.Errorf("Fetch: got %d, %v; want 7", got, err)
			}
		}
		if loads != 1 {
			t.Errorf("%d loads, want 1", loads)
		}
		synctest.Wait()
		if got := seen.ops(); got != "get" {
			t.Errorf("observed %q, want one get that failed", got)
		}
	})
}

// One that refuses the log, too, cannot tell what may be served.
func TestARefusedLogIsAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(t)
		b := &refusing{remote: remote{Backend: m, onSince: refuses}, head: m, key: "k"}
		b.refuses.Store(true)
		c := newCache(t, b, nil)
		v := engine.NewValues(c.Engine(), texts{})
		if _, _, err := v.Get(t.Context(), []byte("k")); err == nil {
			t.Error("Get: got no error, want one")
		}
		if _, _, err := v.Get(t.Context(), []byte("k")); !errors.Is(err, coherent.ErrUnavailable) {
			t.Errorf("the next Get: got error %v, want ErrUnavailable", err)
		}
	})
}
