package memory_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/cachetest"
)

func open(t *testing.T) *memory.Backend {
	t.Helper()
	b := memory.New(nil)
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Errorf("Close() = %v, want nil", err)
		}
	})
	return b
}

func TestCacheConforms(t *testing.T) {
	cachetest.Run(t, func(t *testing.T) cache.Cache { return open(t) })
}

// In the bubble the kit waits for days, and a goroutine that outlives Close is
// a failure.
func TestCacheConformsInTime(t *testing.T) {
	cachetest.RunCache(t, cachetest.CacheHarness{
		Open:   func(t *testing.T) cache.Cache { return open(t) },
		Wait:   time.Sleep,
		Around: synctest.Test,
	})
}
