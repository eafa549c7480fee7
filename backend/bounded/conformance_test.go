package bounded_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/backend/bounded"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/cachetest"
)

func open(t *testing.T, opts *bounded.Options) *bounded.Backend {
	t.Helper()
	b, err := bounded.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Errorf("Close() = %v, want nil", err)
		}
	})
	return b
}

func TestCacheConforms(t *testing.T) {
	cachetest.Run(t, func(t *testing.T) cache.Cache { return open(t, nil) })
}

// In the bubble the kit waits for days, and a goroutine that outlives Close is
// a failure.
func TestCacheConformsInTime(t *testing.T) {
	cachetest.RunCache(t, cachetest.CacheHarness{
		Open:   func(t *testing.T) cache.Cache { return open(t, nil) },
		Wait:   time.Sleep,
		Around: synctest.Test,
	})
}

// The log is package memory's, where it is hurt as well.
func TestLogConforms(t *testing.T) {
	cachetest.RunLog(t, cachetest.LogHarness{
		Whole: true,
		Open:  func(t *testing.T) cache.Log { return open(t, nil) },
	})
}
