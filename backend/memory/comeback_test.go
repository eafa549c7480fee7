package memory

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// What was deleted, replaced or evicted is never found by who looks later, by
// whichever road, while the front grows, entries are evicted, and expire.
func TestNothingComesBack(t *testing.T) {
	const keys = 300 // chains meet: the table begins with 64
	for _, bound := range []*Options{
		{MaxEntries: 50, ExpireEvery: time.Millisecond},
		{MaxBytes: 100 * (EntryOverhead + 30), ExpireEvery: time.Millisecond},
		{ExpireEvery: time.Millisecond},
	} {
		b := New(bound)
		var least [keys]atomic.Int64 // versions before are gone
		name := func(i int) []byte { return fmt.Append(nil, "key", i) }
		var writers, readers sync.WaitGroup
		stop := make(chan struct{})
		for w := range 3 { // each key has one writer
			writers.Go(func() {
				r := rand.New(rand.NewPCG(uint64(w), 1))
				var version int64
				for {
					select {
					case <-stop:
						return
					default:
					}
					i := r.IntN(keys/3)*3 + w
					key := string(name(i))
					version++
					switch r.IntN(6) {
					case 0:
						_ = b.Delete(t.Context(), key)
					case 1:
						_ = b.Set(t.Context(), key, []byte("bytes"), 0)
					case 2:
						b.SetLocal(key, version, r.IntN(200), time.Microsecond)
						least[i].Store(version)
						time.Sleep(time.Microsecond)
						if v, ok := b.store.get(key).local(); ok && v == version {
							t.Errorf("%s: found %v after its ttl", key, v)
						}
						continue
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
				for range 60_000 {
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
		b.store.mustAgree(t)
		var all []string
		for i := range keys {
			all = append(all, string(name(i)))
		}
		if err := b.Delete(t.Context(), all...); err != nil {
			t.Fatal(err)
		}
		if s := b.Stats(); s.Entries != 0 || s.Bytes != 0 || b.store.front.count() != 0 {
			t.Errorf("when all was deleted: %+v, %d in the front, want nothing", s, b.store.front.count())
		}
		_ = b.Close()
	}
}
