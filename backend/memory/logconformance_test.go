package memory

import (
	"context"
	"testing"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/cachetest"
)

// The memory of a process does not lose a part of itself, so that the tests
// take it away by hand: the events one by one as a full log does, or all. The
// head is one number, without which there is no log.
func TestLogConforms(t *testing.T) {
	harness := cachetest.LogHarness{
		Open:  func(*testing.T) cache.Log { return NewLog(nil) },
		Whole: true,
		Trim: func(_ context.Context, l cache.Log) error {
			l.(*Log).forget(3)
			return nil
		},
		LoseEvents: func(_ context.Context, l cache.Log) error {
			log := l.(*Log)
			log.forget(log.ring.len)
			return nil
		},
	}
	t.Run("Log", func(t *testing.T) { cachetest.RunLog(t, harness) })

	t.Run("Backend", func(t *testing.T) {
		cachetest.RunLog(t, cachetest.LogHarness{
			Whole: true, // its log is hurt above
			Open: func(t *testing.T) cache.Log {
				b := New(nil)
				t.Cleanup(func() { b.Close() })
				return b
			},
		})
	})
}

func (l *Log) forget(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for range n {
		l.ring.drop()
	}
}
