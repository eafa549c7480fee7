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
	"github.com/uncache/uncache/cache/internal/enginetest"
)

func TestMaxStale(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &enginetest.Remote{Backend: newMemory(t)}
		here := newCache(t, cache.Join(newMemory(t), log), &coherent.Options{MaxStale: 100 * time.Millisecond})
		there := newCache(t, cache.Join(newMemory(t), log), nil)
		r := &row{v: 1}
		wantRow(t, here, r, 1, "first")

		time.Sleep(time.Second)
		synctest.Wait()
		before := log.Sinces.Load()
		for range 100 {
			wantRow(t, here, r, 1, "a hit")
		}
		if n := log.Sinces.Load() - before; n != 0 {
			t.Errorf("100 hits read the log %d times, want 0", n)
		}

		r.write(2)
		purge(t, there, group())
		time.Sleep(100*time.Millisecond + 1)
		wantRow(t, here, r, 2, "MaxStale after a purge elsewhere")
		r.write(3)
		purge(t, here, group())
		wantRow(t, here, r, 3, "right after a purge here")
	})
}

// When the background reader cannot confirm in time, requests do. When they cannot either,
// they do without the cache.
func TestMaxStaleWithoutTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var broken atomic.Bool
		log := &enginetest.Remote{Backend: newMemory(t)}
		log.OnSince = func(context.Context) error {
			if broken.Load() {
				return errors.New("connection refused")
			}
			return nil
		}
		c := newCache(t, cache.Join(newMemory(t), log), &coherent.Options{MaxStale: 100 * time.Millisecond})
		r := &row{v: 1}
		wantRow(t, c, r, 1, "first")
		broken.Store(true)
		time.Sleep(101 * time.Millisecond)
		r.write(2)
		wantRow(t, c, r, 2, "the log can't be read for longer than MaxStale")
		broken.Store(false)
		time.Sleep(time.Second)
		wantRow(t, c, r, 1, "the log is back, and nothing was purged")
	})
}

// In an outage, hits in the near tier go on for MaxStale. Then there are none, and no
// request waits.
func TestMaxStaleInAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newSwitched(t)
		log := cache.Join(newMemory(t), p)
		c := newCache(t, log, &coherent.Options{MaxStale: time.Second})
		there := newCache(t, p.Backend, nil)
		r := &row{v: 1}
		visit(t, c, r, 1, 0, "a fill")
		time.Sleep(10*time.Second + 1)
		p.GoAway(enginetest.Hang)
		r.write(2)
		time.Sleep(400 * time.Millisecond)
		visit(t, c, r, 1, 0, "as stale as is allowed")
		time.Sleep(time.Second)
		visit(t, c, r, 2, 0, "staler: the reader has found out, so that nobody waits")
		p.GoAway(enginetest.Refuse)
		time.Sleep(10 * time.Second)
		all := p.All.Load()
		time.Sleep(10 * time.Second)
		if n := p.All.Load() - all; n > 15 {
			t.Errorf("the log was asked for %d times in 10 s of outage, want about one a second: the reader leaves it to the breaker", n)
		}
		purge(t, there, group())
		p.ComeBack()
		time.Sleep(1100*time.Millisecond + maxReadTimeout)
		r.write(3)
		visit(t, c, r, 3, 0, "back")
		r.write(4)
		visit(t, c, r, 3, 0, "back: a hit")
	})
}

// maxReadTimeout is how long a read of the log may hang.
const maxReadTimeout = time.Second
