package memory

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
)

// count is how many entries there are, by the chains.
func (f *front) count() (n int) {
	table := *f.table.Load()
	for i := range table {
		for e := table[i].Load(); e != nil; e = e.chain.Load() {
			n++
		}
	}
	return n
}

// A front is a map as long as nobody changes it.
func TestFrontIsAMap(t *testing.T) {
	f, c := newFront(), &clock{}
	want := make(map[string]*entry)
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		key := fmt.Sprint("k", r.IntN(2000))
		old, e := want[key], &entry{key: key, hash: f.hash(key)}
		switch {
		case old == nil:
			c.add(e)
			f.add(e, c)
			want[key] = e
		case r.IntN(2) == 0:
			c.remove(old)
			c.add(e)
			f.replace(old, e)
			want[key] = e
		default:
			c.remove(old)
			f.replace(old, nil)
			delete(want, key)
		}
	}
	for i := range 2000 {
		key := fmt.Sprint("k", i)
		if got := f.find(key); got != want[key] {
			t.Errorf("find(%s): got %p, want %p", key, got, want[key])
		}
	}
	if f.count() != len(want) || len(want) == 0 {
		t.Errorf("%d entries, want %d", f.count(), len(want))
	}
}

// What the front does not find is looked for in go-cache: here the entries are
// in a chain where nobody looks for them, and it is longer than anybody follows.
func TestWhatTheFrontDoesNotFind(t *testing.T) {
	s := newStore((*Options)(nil).withDefaults())
	for i := range frontSteps + 1 {
		if !s.put(&entry{key: fmt.Sprint("k", i), hash: 42, cost: 1}) {
			t.Fatal("put: the store is closed")
		}
	}
	for i := range frontSteps + 1 {
		if e := s.get(fmt.Sprint("k", i)); e == nil || e.key != fmt.Sprint("k", i) {
			t.Errorf("get(k%d): got %+v, want it from go-cache", i, e)
		}
	}
}

// A lookup after a value was stored finds that one, or a later one: never an older
// one, never none, though the front grows and shrinks around it.
func TestReadersNeverGoBack(t *testing.T) {
	const keys = 8
	b := New(nil)
	defer b.Close()
	var stored [keys]atomic.Int64 // the last whose SetLocal has returned
	name := func(i int) []byte { return fmt.Append(nil, "watched", i) }
	for i := range keys {
		b.SetLocal(string(name(i)), int64(0), 1, 0)
	}
	stop := make(chan struct{})
	var writers, readers sync.WaitGroup
	writers.Go(func() {
		for n := int64(1); ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			for i := range keys {
				b.SetLocal(string(name(i)), n, 1, 0)
				stored[i].Store(n)
			}
		}
	})
	writers.Go(func() { // others come in crowds, and go
		for round := 0; ; round++ {
			for i := range 500 {
				select {
				case <-stop:
					return
				default:
				}
				key := fmt.Sprint("crowd", round%3, i)
				if round%2 == 0 {
					b.SetLocal(key, i, 1, 0)
				} else {
					_ = b.Delete(t.Context(), key)
				}
			}
		}
	})
	for i := range 2 {
		readers.Go(func() {
			r := rand.New(rand.NewPCG(uint64(i), 0))
			for range 50_000 {
				k := r.IntN(keys)
				least := stored[k].Load()
				v, ok := b.GetLocal(name(k))
				if !ok || v.(int64) < least {
					t.Errorf("GetLocal(%s): got %v, %v, want %d or later", name(k), v, ok, least)
					return
				}
			}
		})
	}
	readers.Wait()
	close(stop)
	writers.Wait()
	b.store.mustAgree(t)
}

// A reader may stand anywhere while the front grows.
func TestReadersWhileItGrows(t *testing.T) {
	for range 20 {
		b := New(nil)
		b.SetLocal("watched", 1, 1, 0)
		done := make(chan struct{})
		var reader sync.WaitGroup
		reader.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if v, ok := b.GetLocal([]byte("watched")); !ok || v != 1 {
					t.Errorf("GetLocal while others are stored: got %v, %v, want 1", v, ok)
					return
				}
			}
		})
		for i := range 3000 {
			b.SetLocal(fmt.Sprint("k", i), i, 1, 0)
		}
		close(done)
		reader.Wait()
		b.store.mustAgree(t)
		b.Close()
	}
}
