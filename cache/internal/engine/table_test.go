package engine

import (
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/uncache/uncache/cache"
)

// named returns a view that has read one event for each of n names.
func named(limit, n int, name func(i int) cache.Dependency) *view {
	w := newView(limit)
	w.apply(cache.Events{From: 1, Head: 1})
	for i := range n {
		pos := w.position() + 1
		w.apply(cache.Events{From: pos - 1, Head: pos, List: []cache.Event{event(pos, name(i))}})
	}
	return w
}

func groupOf(i int) cache.Dependency { return cache.Group("purged " + strconv.Itoa(i)) }

func TestTableKeepsAtMostItsLimit(t *testing.T) {
	for _, limit := range []int{1, 2, 3, 4, 5, 15, 16, 17, 100, 1000, 4096} {
		w := named(limit, 3*limit+100, groupOf)
		if got := w.table.named; got > limit || got < (limit+1)/2 {
			t.Errorf("limit %d: %d names are kept", limit, got)
		}
		// The last name is always known.
		if got, _ := w.judge(w.position()-1, hashes(groupOf(3*limit+99))); got != Purged {
			t.Errorf("limit %d: stamped before the last purge, which names it: got %v, want %v", limit, got, Purged)
		}
		if got, _ := w.judge(w.position(), hashes(groupOf(0), groupOf(3*limit+99))); got != Fresh {
			t.Errorf("limit %d: stamped at the last purge: got %v, want %v", limit, got, Fresh)
		}
	}
}

// A forgotten name purges only older pages, and only those with a name in its bucket.
func TestForgettingIsLocal(t *testing.T) {
	const limit = 1 << 14
	w := named(limit, 2*limit, groupOf)
	half := w.position() - limit
	old, young := 0, 0
	const pages = 1000
	for i := range pages {
		page := hashes(cache.Group("page " + strconv.Itoa(i)))
		if got, _ := w.judge(2, page); got == Purged {
			old++
		}
		if got, _ := w.judge(w.position()-limit/8, page); got == Purged {
			young++
		}
		if got, _ := w.judge(half, hashes(groupOf(2*limit-1-i))); got != Purged {
			t.Fatalf("a purge that is %d events old is forgotten, and the page is %v", i, got)
		}
	}
	if old < pages/2 || young > pages/100 {
		t.Errorf("%d of %d old pages and %d young ones were given up, want most of the old ones and none of the young", old, pages, young)
	}
}

// Names chosen for hashes with many equal bits purge what they name and nothing else.
func TestAimedPurges(t *testing.T) {
	const limit, bits = 1 << 15, 11 // as many bits as there are buckets
	for end, of := range map[string]func(h uint64) uint64{
		"first": func(h uint64) uint64 { return h >> (64 - bits) },
		"last":  func(h uint64) uint64 { return h << (64 - bits) },
	} {
		var aimed []cache.Dependency
		for i := 0; len(aimed) < 60; i++ {
			if of(groupOf(i).Hash()) == of(groupOf(0).Hash()) {
				aimed = append(aimed, groupOf(i))
			}
		}
		victims, shots := aimed[:20], aimed[20:]
		w := named(limit, len(shots), func(i int) cache.Dependency { return shots[i] })
		for _, d := range victims {
			if got, _ := w.judge(1, hashes(d)); got != Fresh {
				t.Errorf("%d purges whose hashes have the %s %d bits of a page's: it is %v, want %v", len(shots), end, bits, got, Fresh)
			}
		}
		for _, d := range shots {
			if got, _ := w.judge(1, hashes(d)); got != Purged {
				t.Errorf("a page that was aimed at by name is %v, want %v", got, Purged)
			}
		}
	}
}

// Two views put names into different buckets.
func TestBucketsAreSecret(t *testing.T) {
	a, b := newTable(1<<20), newTable(1<<20)
	same := 0
	for range 1000 {
		h := rand.Uint64()
		i, _ := a.place(h)
		j, _ := b.place(h)
		if i == j {
			same++
		}
	}
	if same > 10 {
		t.Errorf("%d of 1,000 names are in the same bucket of two views", same)
	}
}

// The dependencies of every page are not forgotten, however many other names there are.
func TestRootAndUnknownRouteAreNotForgotten(t *testing.T) {
	for _, d := range []cache.Dependency{cache.Prefix("/"), cache.Route("")} {
		w := named(64, 10_000, groupOf)
		if got, _ := w.judge(1, hashes(d)); got != Fresh {
			t.Errorf("%q was not named: got %v, want %v", d, got, Fresh)
		}
		at := w.position() + 1
		w.apply(cache.Events{From: at - 1, Head: at, List: []cache.Event{soft(event(at, d))}})
		if got, _ := w.judge(at-1, hashes(d)); got != SoftPurged {
			t.Errorf("%q was named softly: got %v, want %v", d, got, SoftPurged)
		}
		w.apply(cache.Events{From: at, Head: at + 1, List: []cache.Event{event(at+1, d)}})
		if got, _ := w.judge(at, hashes(d)); got != Purged {
			t.Errorf("%q was named: got %v, want %v", d, got, Purged)
		}
		if got, _ := w.judge(at+1, hashes(d)); got != Fresh {
			t.Errorf("stamped when %q was named: got %v, want %v", d, got, Fresh)
		}
	}
}

// A hard purge is forgotten, and a soft one of the same name comes later.
func TestSoftPurgeAfterAForgottenHardOne(t *testing.T) {
	w := newView(16) // one bucket
	w.apply(cache.Events{From: 1, Head: 1})
	at := func(d cache.Dependency, isSoft bool) cache.Position {
		pos := w.position() + 1
		e := event(pos, d)
		e.Soft = isSoft
		w.apply(cache.Events{From: pos - 1, Head: pos, List: []cache.Event{e}})
		return pos
	}
	name := cache.Group("name")
	hard := at(name, false)
	for i := range bucketSlots {
		at(groupOf(i), false)
	}
	if h, _ := w.table.find(name.Hash()); h > hard {
		t.Fatalf("the floor is at %d, beyond the purge at %d that was forgotten", h, hard)
	}
	at(name, true)
	if got, _ := w.judge(hard-1, hashes(name)); got != Purged {
		t.Errorf("purged, forgotten, purged softly: got %v, want %v", got, Purged)
	}
}

// Judging waits for nothing, even while the view changes.
func TestJudgingTakesNoLock(t *testing.T) {
	w := named(1000, 2000, groupOf)
	w.mu.Lock()
	defer w.mu.Unlock()
	done := make(chan Verdict, 1)
	go func() {
		got, _ := w.judge(w.position(), hashes(groupOf(1999), cache.Prefix("")))
		done <- got
	}()
	select {
	case got := <-done:
		if got != Fresh {
			t.Errorf("got %v, want %v", got, Fresh)
		}
	case <-time.After(10 * time.Second):
		t.Error("waits for the lock")
	}
	if allocs := testing.AllocsPerRun(100, func() { w.judge(w.position(), rootOnly) }); allocs != 0 {
		t.Errorf("judge allocates %v times", allocs)
	}
}

var rootOnly = hashes(cache.Prefix(""), groupOf(1))
