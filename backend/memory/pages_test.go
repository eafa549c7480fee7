package memory

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/uncache/uncache/cache"
)

func TestAnswersAreBounded(t *testing.T) {
	for name, tt := range map[string]struct {
		size, events int
		most, least  int // events of a page but the last
	}{
		"small events":                        {0, 10_000, pageItems, pageItems},
		"events of a kilobyte":                {1000, 2000, pageBytes / 1000, pageBytes / 1200},
		"two events fill a page":              {100_000, 30, 2, 2},
		"events that are larger than a page":  {2 * pageBytes, 20, 1, 1},
		"less than a page":                    {0, 7, 7, 7},
		"a page and one, from the next chunk": {0, pageItems + 1, pageItems, pageItems},
	} {
		t.Run(name, func(t *testing.T) {
			l := NewLog(nil)
			start := l.Head()
			for i := range tt.events {
				if _, err := l.Append(t.Context(), cache.Event{Reason: fmt.Sprint(i, " ", strings.Repeat("x", tt.size))}); err != nil {
					t.Fatal(err)
				}
			}
			read := 0
			for at := start; at < l.Head(); {
				ev, err := l.Since(t.Context(), at)
				if err != nil || ev.From != at || ev.Head != l.Head() || ev.More != (ev.End() < ev.Head) {
					t.Fatalf("Since(%d) of %d: got From %d, Head %d, %d events, More %v, %v", at, l.Head(), ev.From, ev.Head, len(ev.List), ev.More, err)
				}
				if n := len(ev.List); n > tt.most || ev.More && n < tt.least {
					t.Fatalf("Since(%d): a page of %d events, want %d to %d", at, n, tt.least, tt.most)
				}
				for _, e := range ev.List {
					if want := fmt.Sprint(read, " "); !strings.HasPrefix(e.Reason, want) || e.Position != start+cache.Position(read)+1 {
						t.Fatalf("event %d is %.20q at %d", read, e.Reason, e.Position)
					}
					read++
				}
				at = ev.End()
			}
			if read != tt.events {
				t.Errorf("%d of %d events were read", read, tt.events)
			}
		})
	}
}

// A ring is as a list that is cut at its beginning, whatever the sizes of events
// and its bounds.
func TestRingAsAList(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 3))
		r := ring{maxEvents: 1 + rng.IntN(600), maxBytes: int64(100 + rng.IntN(200_000))}
		var list []cache.Event
		var bytes int64
		for i := range 1500 {
			e := cache.Event{Position: cache.Position(i + 1), Reason: strings.Repeat("x", rng.IntN(300))}
			if rng.IntN(100) == 0 {
				e.Reason = strings.Repeat("x", rng.IntN(150_000))
			}
			r.push(e)
			list = append(list, e)
			for bytes += eventBytes(e); len(list) > 1 && (bytes > r.maxBytes || len(list) > r.maxEvents); list = list[1:] {
				bytes -= eventBytes(list[0])
			}
			if r.len != len(list) || r.bytes != bytes {
				t.Fatalf("seed %d: after %d events: %d events of %d bytes, want %d of %d", seed, i+1, r.len, r.bytes, len(list), bytes)
			}
			n := 1 + rng.IntN(len(list))
			want := list[len(list)-n:]
			got := r.page(n)
			for j := range got {
				if got[j].Position != want[j].Position || got[j].Reason != want[j].Reason {
					t.Fatalf("seed %d: event %d of the last %d is %d, want %d", seed, j, n, got[j].Position, want[j].Position)
				}
			}
			if len(got) == 0 {
				t.Fatalf("seed %d: a page of the last %d events is empty", seed, n)
			}
		}
		r.clear()
		if r.push(cache.Event{Position: 7}); r.len != 1 || len(r.page(1)) != 1 {
			t.Fatalf("seed %d: after clear and one event there are %d", seed, r.len)
		}
	}
}

// Nobody waits long for the lock, at any size: neither where the log grows, nor
// where one large event takes the room of all others. Each step is timed in several
// logs, and the best time counts: the machine is busy at another moment each time.
func TestLogDoesNotStall(t *testing.T) {
	const rounds, step, steps = 4, 64, 1600
	large := cache.Event{Reason: strings.Repeat("x", DefaultMaxLogBytes)}
	best := make([]time.Duration, steps+2)
	for i := range best {
		best[i] = math.MaxInt64
	}
	for range rounds {
		r := ring{maxEvents: DefaultMaxEvents, maxBytes: DefaultMaxLogBytes}
		took := func(i int, do func()) {
			began := time.Now()
			do()
			best[i] = min(best[i], time.Since(began))
		}
		for i := range steps {
			took(i, func() {
				for range step {
					r.push(cache.Event{})
				}
			})
		}
		took(steps, func() { r.page(r.len) })
		took(steps+1, func() { r.push(large) })
	}
	for i, d := range best {
		if d > time.Millisecond {
			t.Errorf("step %d of %d pushes (%d: a page from the start, %d: an event as large as the log) took %v", i, step, steps, steps+1, d)
		}
	}
}

// A short reason that was cut out of a long request does not keep the request.
func TestLogKeepsNoRequestsAlive(t *testing.T) {
	l := NewLog(nil)
	const n, size = 100, 1 << 20
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range n {
		request := fmt.Sprint(i, strings.Repeat("x", size))
		if _, err := l.Append(t.Context(), cache.Event{
			Dependencies: []cache.Dependency{cache.Dependency(request[:20]), cache.Dependency(request[20:40])},
			Reason:       request[40:50], Origin: request[50:60],
		}); err != nil {
			t.Fatal(err)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if took := int64(after.HeapAlloc) - int64(before.HeapAlloc); took > n*size/4 {
		t.Errorf("%d small events, cut out of %d bytes each, keep %d bytes", n, size, took)
	}
	if ev, err := l.Since(t.Context(), l.Head()-1); err != nil || len(ev.List[0].Dependencies[1]) != 20 || len(ev.List[0].Origin) != 10 {
		t.Errorf("the last event is %+v, %v", ev, err)
	}
}
