package bounded_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/uncache/uncache/backend/bounded"
)

// What was deleted or replaced is never found by who looks later, by whichever
// road, while others are evicted and expire.
func TestNothingComesBack(t *testing.T) {
	const keys = 300
	for _, bound := range []int64{60 * (bounded.EntryOverhead + 30), 0} {
		b, err := bounded.New(&bounded.Options{MaxBytes: bound})
		if err != nil {
			t.Fatal(err)
		}
		var least [keys]atomic.Int64 // versions before are gone
		name := func(i int) []byte { return fmt.Append(nil, "key", i) }
		var writers, readers sync.WaitGroup
		stop := make(chan struct{})
		for w := range 3 { // each key has one writer
			writers.Go(func() {
				r := rand.New(rand.NewPCG(uint64(w), 1))
				for version := int64(1); ; version++ {
					select {
					case <-stop:
						return
					default:
					}
					i := r.IntN(keys/3)*3 + w
					key := string(name(i))
					switch r.IntN(6) {
					case 0:
						_ = b.Delete(t.Context(), key)
					case 1:
						_ = b.Set(t.Context(), key, []byte("bytes"), 0)
					case 2:
						b.SetLocal(key, version, r.IntN(200), time.Microsecond)
					default:
						b.SetLocal(key, version, r.IntN(200), 0)
					}
					least[i].Store(version)
				}
			})
		}
		for n := range 2 {
			readers.Go(func() {
				r := rand.New(rand.NewPCG(uint64(n), 2))
				for range 40_000 {
					i := r.IntN(keys)
					want := least[i].Load()
					if v, ok := b.GetLocal(name(i)); ok && v.(int64) < want {
						t.Errorf("%s: found version %v, which was replaced or deleted by %d", name(i), v, want)
						return
					}
				}
			})
		}
		readers.Wait()
		close(stop)
		writers.Wait()
		for i := range keys {
			if err := b.Delete(t.Context(), string(name(i))); err != nil {
				t.Fatal(err)
			}
		}
		if s := b.Stats(); s.Entries != 0 || s.Bytes != 0 {
			t.Errorf("when all was deleted: %+v, want nothing", s)
		}
		_ = b.Close()
	}
}
