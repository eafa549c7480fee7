package memory

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"
)

// check compares the books with what is in the map. Iterating the map is for
// tests only.
func (s *store) check() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	items := s.items.Items()
	var bytes int64
	seen := 0
	for e := s.clock.hand; e != nil && seen <= len(items); e = e.next {
		if seen > 0 && e == s.clock.hand {
			break
		}
		if it, ok := items[e.key]; !ok || it.Object != any(e) {
			return fmt.Errorf("the clock has an entry under %q that the map has not", e.key)
		}
		if found := s.front.find(e.key); found != e {
			return fmt.Errorf("the front finds %p under %q, the clock has %p", found, e.key, e)
		}
		if e.next.prev != e {
			return fmt.Errorf("the clock is broken at %q", e.key)
		}
		bytes += e.cost
		seen++
	}
	if seen != len(items) || s.clock.len != len(items) || bytes != s.stats.Bytes {
		return fmt.Errorf("%d items; the clock says %d and has %d; they take %d bytes, the books say %d",
			len(items), s.clock.len, seen, bytes, s.stats.Bytes)
	}
	if n := s.front.count(); n != len(items) {
		return fmt.Errorf("%d items; the front has %d", len(items), n)
	}
	if s.clock.len > s.maxEntries || s.stats.Bytes > s.maxBytes {
		return fmt.Errorf("%d entries and %d bytes, the bounds are %d and %d",
			s.clock.len, s.stats.Bytes, s.maxEntries, s.maxBytes)
	}
	return nil
}

func (s *store) mustAgree(t *testing.T) {
	t.Helper()
	if err := s.check(); err != nil {
		t.Error(err)
	}
}

func TestBooksAgreeUnderRace(t *testing.T) {
	b := New(&Options{MaxEntries: 50, MaxBytes: 40 * (EntryOverhead + 60), ExpireEvery: time.Microsecond})
	defer b.Close()
	done := make(chan struct{})
	var checks sync.WaitGroup
	checks.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				b.store.mustAgree(t)
			}
		}
	})
	var users sync.WaitGroup
	for i := range 4 {
		users.Go(func() {
			r := rand.New(rand.NewPCG(uint64(i), 0))
			for range 3000 {
				key := fmt.Sprint("k", r.IntN(100))
				ttl := time.Duration(r.IntN(3)) * 20 * time.Microsecond
				switch r.IntN(6) {
				case 0:
					_ = b.Delete(t.Context(), key, "missing")
				case 1:
					b.SetLocal(key, i, r.IntN(200), ttl)
				case 2:
					_, _, _ = b.Get(t.Context(), key)
				case 3: // more than all the room there is
					_ = b.Set(t.Context(), key, make([]byte, r.IntN(100_000)), ttl)
				default:
					_ = b.Set(t.Context(), key, make([]byte, r.IntN(200)), ttl)
				}
			}
		})
	}
	users.Wait()
	close(done)
	checks.Wait()
	b.store.mustAgree(t)
	if st := b.Stats(); st.Evicted == 0 || st.Expired == 0 || st.Refused == 0 {
		t.Errorf("Stats() = %+v, want some of each", st)
	}
}

// stored returns which of the keys k0 to k(n-1) are stored, without touching them.
func (s *store) stored(n int) (keys string) {
	for i := range n {
		if v, ok := s.items.Get(fmt.Sprint("k", i)); ok && !v.(*entry).expired(s.now()) {
			keys += fmt.Sprint(i)
		}
	}
	return keys
}

func TestEvictionOrder(t *testing.T) {
	set := func(b *Backend, i int) { b.SetLocal(fmt.Sprint("k", i), i, 1, 0) }
	get := func(b *Backend, i int) { b.GetLocal(fmt.Append(nil, "k", i)) }
	for _, tt := range []struct {
		name string
		do   func(b *Backend)
		want string
	}{
		{"the oldest goes first", func(b *Backend) { set(b, 4); set(b, 5) }, "2345"},
		{"what was read stays", func(b *Backend) { get(b, 0); get(b, 2); set(b, 4); set(b, 5) }, "0245"},
		{"a second chance is one", func(b *Backend) { get(b, 0); set(b, 4); set(b, 5); set(b, 6); set(b, 7) }, "4567"},
		{"all were read", func(b *Backend) {
			for i := range 4 {
				get(b, i)
			}
			set(b, 4)
		}, "1234"},
		{"replacing needs no room", func(b *Backend) { set(b, 0); set(b, 3) }, "0123"},
		{"what is replaced is new", func(b *Backend) { set(b, 0); set(b, 4) }, "0234"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := New(&Options{MaxEntries: 4})
			defer b.Close()
			for i := range 4 {
				set(b, i)
			}
			tt.do(b)
			if got := b.store.stored(8); got != tt.want {
				t.Errorf("stored: %s, want %s", got, tt.want)
			}
			b.store.mustAgree(t)
		})
	}
}

// The hand looks at a bounded number of entries however many were read.
func TestEvictionLooksAtFew(t *testing.T) {
	const n = 4 * maxLooks
	b := New(&Options{MaxEntries: n})
	defer b.Close()
	for i := range n {
		b.SetLocal(fmt.Sprint("k", i), i, 1, 0)
	}
	for i := range n {
		b.GetLocal(fmt.Append(nil, "k", i))
	}
	b.SetLocal("one more", 1, 1, 0)
	looked := 0
	for e := range n {
		if v, ok := b.store.items.Get(fmt.Sprint("k", e)); ok && !v.(*entry).used.Load() {
			looked++
		}
	}
	if st := b.Stats(); looked != maxLooks || st.Evicted != 1 {
		t.Errorf("the hand looked at %d entries and evicted %d, want %d and 1", looked, st.Evicted, maxLooks)
	}
}

func TestBytesBound(t *testing.T) {
	b := New(&Options{MaxBytes: 3 * (EntryOverhead + 2 + 100)})
	defer b.Close()
	for i := range 5 {
		if err := b.Set(t.Context(), fmt.Sprint("k", i), make([]byte, 100), 0); err != nil {
			t.Fatal(err)
		}
	}
	if got := b.store.stored(5); got != "234" {
		t.Errorf("stored: %s, want 234", got)
	}
	// A larger value takes the room of two.
	b.SetLocal("k5", 5, 100+EntryOverhead, 0)
	if got := b.store.stored(6); got != "45" {
		t.Errorf("stored: %s, want 45", got)
	}
	// One that is larger than all the room replaces nothing but its key.
	if err := b.Set(t.Context(), "k5", make([]byte, 3*(EntryOverhead+102)), 0); err != nil {
		t.Errorf("Set of a value that is too large: got error %v, want none", err)
	}
	b.SetLocal("k6", 6, 1<<63-1, 0)
	if got := b.store.stored(7); got != "4" {
		t.Errorf("stored: %s, want 4", got)
	}
	want := Stats{Entries: 1, Bytes: EntryOverhead + 102, Evicted: 4, Refused: 2}
	if got := b.Stats(); got != want {
		t.Errorf("Stats() = %+v, want %+v", got, want)
	}
}

func TestExpiredValuesAreGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(&Options{ExpireEvery: time.Minute})
		defer b.Close()
		const n = 3*expireBatch + 1
		for i := range n {
			b.SetLocal(fmt.Sprint("short", i), i, 1, time.Second)
			b.SetLocal(fmt.Sprint("long", i), i, 1, time.Hour)
			b.SetLocal(fmt.Sprint("forever", i), i, 1, 0)
		}
		for _, tt := range []struct {
			at               time.Duration
			entries, expired int
		}{
			{59 * time.Second, 3 * n, 0},
			{61 * time.Second, 2 * n, n},
			{59 * time.Minute, 2 * n, n},
			{62 * time.Minute, n, 2 * n},
			{1000 * time.Hour, n, 2 * n},
		} {
			time.Sleep(tt.at - b.store.now())
			synctest.Wait()
			if st := b.Stats(); st.Entries != tt.entries || st.Expired != uint64(tt.expired) || st.Evicted != 0 {
				t.Errorf("after %v: Stats() = %+v, want %d entries, %d expired", tt.at, st, tt.entries, tt.expired)
			}
			b.store.mustAgree(t)
		}
	})
}

// go-cache hides an expired item from the one who replaces or deletes it.
func TestExpiredValuesLeaveTheBooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(&Options{ExpireEvery: time.Hour})
		defer b.Close()
		for range 3 {
			b.SetLocal("replaced", 1, 100, time.Second)
			b.SetLocal("deleted", 1, 100, time.Second)
			time.Sleep(time.Second)
			if err := b.Delete(t.Context(), "deleted"); err != nil {
				t.Fatal(err)
			}
			b.store.mustAgree(t)
		}
		if st := b.Stats(); st.Entries != 1 {
			t.Errorf("Stats() = %+v, want 1 entry", st)
		}
	})
}

func TestCostDoesNotWrapAround(t *testing.T) {
	for _, tt := range []struct {
		key, size int
		want      int64
	}{
		{3, 5, EntryOverhead + 8},
		{3, -5, EntryOverhead + 3},
		{3, math.MaxInt, math.MaxInt64},
	} {
		if got := cost(tt.key, tt.size); got != tt.want {
			t.Errorf("cost(%d, %d) = %d, want %d", tt.key, tt.size, got, tt.want)
		}
	}
}

// The search for expired values goes on when the entry it stands at is deleted.
func TestExpiryGoesOnAfterDelete(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(nil)
		defer b.Close()
		for i := range 4 {
			b.SetLocal(fmt.Sprint("k", i), i, 1, time.Second)
		}
		if err := b.Delete(t.Context(), b.store.clock.cursor.key); err != nil {
			t.Fatal(err)
		}
		time.Sleep(DefaultExpireEvery + time.Second)
		synctest.Wait()
		if st := b.Stats(); st.Entries != 0 || st.Expired != 3 {
			t.Errorf("Stats() = %+v, want 3 expired and nothing left", st)
		}
	})
}

// A field more would take every entry to the next size class.
func TestEntryIsSmall(t *testing.T) {
	if got := unsafe.Sizeof(entry{}); got > 80 {
		t.Errorf("an entry takes %d bytes, want 80 at most", got)
	}
}

// GetLocal leaves the clock to its caller.
func TestGetLocalOfWhatHasExpired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(nil)
		defer b.Close()
		b.SetLocal("k", 1, 1, time.Minute)
		if err := b.Set(t.Context(), "bytes", []byte("v"), 0); err != nil {
			t.Fatal(err)
		}
		expect := func(when, key string, want any) {
			t.Helper()
			if got, ok := b.GetLocal([]byte(key)); got != want || ok != (want != nil) {
				t.Errorf("%s: GetLocal(%s) = %v, %v; want %v", when, key, got, ok, want)
			}
		}
		expect("fresh", "k", 1)
		expect("stored as bytes", "bytes", nil)
		expect("absent", "other", nil)
		time.Sleep(time.Minute)
		if _, there := b.store.items.Get("k"); there { // or it was given back
			expect("expired", "k", 1)
		}
		b.SetLocal("k", 2, 1, time.Minute)
		expect("replaced", "k", 2)
		if err := b.Delete(t.Context(), "k"); err != nil {
			t.Fatal(err)
		}
		expect("deleted", "k", nil)
	})
}
