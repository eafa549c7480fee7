package rediscache_test

import (
	"context"
	"sync"
	"testing"
	"time"
)

// Gathered reads are not left behind while others come and go, however many.
func TestNobodyIsLeftBehind(t *testing.T) { onEachServer(t, testNobodyIsLeftBehind) }

func testNobodyIsLeftBehind(t *testing.T, srv server) {
	b, _ := process(t, srv)
	purge(t, b, "a purge")
	must(t, b.Set(t.Context(), "k", []byte("v"), 0))
	until := time.Now().Add(1500 * time.Millisecond)
	var mu sync.Mutex
	var worst time.Duration
	var all sync.WaitGroup
	for range 150 {
		all.Go(func() {
			for time.Now().Before(until) {
				began := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				_, _, _, err := b.GetHead(ctx, "k")
				cancel()
				took := time.Since(began)
				mu.Lock()
				worst = max(worst, took)
				mu.Unlock()
				if err != nil {
					t.Errorf("GetHead: %v after %v", err, took)
					return
				}
			}
		})
	}
	all.Wait()
	if worst > time.Second {
		t.Errorf("one of 150 visitors waited %v", worst)
	}
}
