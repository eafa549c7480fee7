package coherent_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
)

// One of several processes makes an expensive value. Here they share a store in memory
// with leases that do not end by themselves. Package rediscache has leases of its own.
func ExampleOptions_lease() {
	m := memory.New(nil)
	defer m.Close()
	shared := &leaser{Backend: m}
	var loads atomic.Int64
	var processes sync.WaitGroup
	for range 8 {
		processes.Go(func() {
			c, err := coherent.New(shared, &coherent.Options{Lease: 10 * time.Second})
			if err != nil {
				fmt.Println(err)
				return
			}
			defer c.Close()
			_, _ = coherent.Fetch(context.Background(), c, "report", time.Hour,
				func(context.Context, *coherent.Deps) (string, error) {
					loads.Add(1)
					time.Sleep(50 * time.Millisecond)
					return "42", nil
				})
		})
	}
	processes.Wait()
	fmt.Println(loads.Load(), "load by 8 processes")
	// Output:
	// 1 load by 8 processes
}

// A leaser is a store with leases.
type leaser struct {
	cache.Backend
	holders sync.Map
}

func (s *leaser) Lease(_ context.Context, key, holder string, _ time.Duration) (string, error) {
	has, _ := s.holders.LoadOrStore(key, holder)
	return has.(string), nil
}

func (s *leaser) Release(_ context.Context, key, holder string) error {
	s.holders.CompareAndDelete(key, holder)
	return nil
}
