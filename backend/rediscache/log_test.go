package rediscache_test

import (
	"fmt"
	"maps"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/backend/rediscache"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/redistest"
)

func TestLogIsTrimmed(t *testing.T) { onEachServer(t, testLogIsTrimmed) }

func testLogIsTrimmed(t *testing.T, srv server) {
	rdb := newClient(t, srv.Options())
	b := newBackend(t, rdb, &rediscache.Options{MaxEvents: 100})
	start := since(t, b, 0).Head
	for i := range 1000 {
		purge(t, b, fmt.Sprint(i))
	}
	if n := rdb.XLen(t.Context(), eventsKey).Val(); n < 100 || n > 400 {
		t.Errorf("%d events in the stream, want 100 or some more", n)
	}
	events := since(t, b, start)
	if n := len(events.List); events.From == start || n < 100 || events.Head != start+1000 ||
		events.List[0].Position != events.From+1 || events.List[n-1].Position != events.Head {
		t.Errorf("Since(%d) = Head %d, From %d, %d events; want Head %d and the last events only",
			start, events.Head, events.From, n, start+1000)
	}
}

// One event may name more than Lua can pass on as arguments, and any bytes.
func TestEventKeepsEverything(t *testing.T) { onEachServer(t, testEventKeepsEverything) }

func testEventKeepsEverything(t *testing.T, srv server) {
	b, _ := process(t, srv)
	want := cache.Event{
		Time:   time.Date(2026, 11, 22, 20, 50, 0, 123456789, time.UTC),
		Soft:   true,
		Reason: "blog.Post 42 saved \xff\x00",
		Origin: "web-1:\n",
		Dependencies: []cache.Dependency{
			cache.All, "", "path:/a,1:b,", "group:\xff\xfe\x00", cache.Group(strings.Repeat("x", 70_000)),
		},
	}
	for i := range 20_000 {
		want.Dependencies = append(want.Dependencies, cache.Group(fmt.Sprint(i)))
	}
	pos, err := b.Append(t.Context(), want)
	must(t, err)
	events := since(t, b, pos-1)
	if len(events.List) != 1 {
		t.Fatalf("Since(%d) has %d events, want 1", pos-1, len(events.List))
	}
	want.Position = pos
	if got := events.List[0]; !reflect.DeepEqual(got, want) {
		t.Errorf("the event came back as %.500s\nwant %.500s", fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want))
	}
}

func TestWhatIsNotAnEventIsAGap(t *testing.T) { onEachServer(t, testWhatIsNotAnEventIsAGap) }

func testWhatIsNotAnEventIsAGap(t *testing.T, srv server) {
	good := map[string]string{"time": "2026-11-22T20:50:00Z", "soft": "0", "why": "", "who": "", "deps": "1:a,"}
	checksum := func(m map[string]string) string {
		return rediscache.Checksum(m["time"], m["soft"], m["why"], m["who"], m["deps"])
	}
	for name, change := range map[string]map[string]string{
		"":              nil, // an event
		"time":          {"time": "yesterday"},
		"soft":          {"soft": "maybe"},
		"no dependency": {"deps": "a"},
		"cut short":     {"deps": "2:a,"},
		"no end":        {"deps": "1:a"},
		"negative":      {"deps": "-1:a,"},
		"too long":      {"deps": "99999999999999999999:a,"},
		"field missing": {"deps": "\x00"},
		"no checksum":   {"crc": "\x00"},

		// One byte was changed after the checksum was made.
		"changed time":       {"time": "2026-11-22T20:50:01Z", "crc": checksum(good)},
		"changed soft":       {"soft": "1", "crc": checksum(good)},
		"changed why":        {"why": "x", "crc": checksum(good)},
		"changed who":        {"who": "x", "crc": checksum(good)},
		"changed dependency": {"deps": "1:b,", "crc": checksum(good)},
		"changed checksum":   {"crc": "0"},
	} {
		t.Run(name, func(t *testing.T) {
			b, rdb := process(t, srv)
			must(t, rdb.FlushAll(t.Context()).Err())
			start := purge(t, b, "good")
			fields := maps.Clone(good)
			maps.Copy(fields, change)
			if change["crc"] == "" {
				fields["crc"] = checksum(fields)
			}
			var values []string
			for field, value := range fields {
				if value != "\x00" {
					values = append(values, field, value)
				}
			}
			ctx := t.Context()
			_, id, total := readHead(t, rdb)
			must(t,
				rdb.XAdd(ctx, &redis.XAddArgs{Stream: eventsKey, ID: fmt.Sprintf("%d-0", start+1), Values: values}).Err(),
				rdb.Set(ctx, headKey, rediscache.Head(start+1, id, total), 0).Err())
			last := purge(t, b, "good")
			if last != start+2 {
				t.Fatalf("Append: got position %d, want %d", last, start+2)
			}
			events := since(t, b, start-1)
			if name == "" && (events.From != start-1 || len(events.List) != 3) {
				t.Errorf("Since(%d) = %+v; want three events", start-1, events)
			}
			if name != "" && (events.From != start+1 || events.Head != last || len(events.List) != 1) {
				t.Errorf("Since(%d) = %+v; want Head %d, From %d and the event after it", start-1, events, last, start+1)
			}
		})
	}
}

// Somebody else's data under the keys of the log is replaced.
func TestLogKeysAreOverwritten(t *testing.T) { onEachServer(t, testLogKeysAreOverwritten) }

func testLogKeysAreOverwritten(t *testing.T, srv server) {
	ctx := t.Context()
	b, rdb := process(t, srv)
	last := purge(t, b, "before")
	for name, spoil := range map[string]func() error{
		"head is a list": func() error {
			return replace(t, rdb, headKey, func() error { return rdb.LPush(ctx, headKey, "x").Err() })
		},
		"head is a word":      func() error { return rdb.Set(ctx, headKey, "hello", 0).Err() },
		"head has no history": func() error { return rdb.Set(ctx, headKey, "17", 0).Err() },
		"head is too large":   func() error { return rdb.Set(ctx, headKey, "18446744073709551615 x", 0).Err() },
		"events are a string": func() error { return rdb.Set(ctx, eventsKey, "x", 0).Err() },
	} {
		must(t, spoil())
		pos := purge(t, b, name)
		if pos <= last {
			t.Errorf("%s: Append returned %d, want a position beyond %d", name, pos, last)
		}
		if got := since(t, b, pos-1); got.Head != pos || len(got.List) != 1 {
			t.Errorf("%s: Since(%d) = %+v, want the event at %d", name, pos-1, got, pos)
		}
		last = pos
	}
}

func replace(t *testing.T, rdb *redis.Client, key string, with func() error) error {
	must(t, rdb.Del(t.Context(), key).Err())
	return with()
}

// The clock of the server is set back, or that of its successor is behind: what
// is left of the last era, its head or its events, is beyond the clock.
func TestClockIsBehind(t *testing.T) { onEachServer(t, testClockIsBehind) }

func testClockIsBehind(t *testing.T, srv server) {
	ctx := t.Context()
	b, rdb := process(t, srv)
	tomorrow := purge(t, b, "today") + cache.Position(24*time.Hour/time.Microsecond)
	for name, lose := range map[string]func() error{
		"the head is another history's": func() error {
			return rdb.Set(ctx, headKey, fmt.Sprint(tomorrow, " 0123456789abcdef"), 0).Err()
		},
		"the head is lost, the events are not": func() error {
			must(t, rdb.XAdd(ctx, &redis.XAddArgs{Stream: eventsKey, ID: fmt.Sprint(tomorrow, "-0"), Values: []string{"a", "b"}}).Err())
			return rdb.Del(ctx, headKey).Err()
		},
	} {
		must(t, rdb.FlushAll(ctx).Err(), lose())
		if pos := purge(t, b, name); pos <= tomorrow+1 {
			t.Errorf("%s: Append returned %d, want an era beyond %d", name, pos, tomorrow)
		}
		must(t, rdb.FlushAll(ctx).Err(), lose())
		wantEra(t, b, 0, tomorrow)
	}
}

func TestSinceRefusesPositionsItCannotCount(t *testing.T) {
	onEachServer(t, testSinceRefusesPositionsItCannotCount)
}

func testSinceRefusesPositionsItCannotCount(t *testing.T, srv server) {
	b, _ := process(t, srv)
	if events, err := b.Since(t.Context(), 1<<53); err == nil {
		t.Errorf("Since(1<<53) = %+v, want an error", events)
	}
}

// A Redis that evicts forgets values, events and the head at any time. What is
// left must never look complete when it is not.
func TestEviction(t *testing.T) {
	srv := redistest.New(t, redistest.Config{Args: []string{"--maxmemory", "2mb", "--maxmemory-policy", "allkeys-random"}})
	var obs observations
	rdb := newClient(t, srv.Options())
	b := newBackend(t, rdb, &rediscache.Options{Observe: obs.add})
	page := make([]byte, 4096)
	var last cache.Position
	for i := range 3000 {
		must(t, b.Set(t.Context(), fmt.Sprint("page", i), page, 0))
		pos := purge(t, b, "purge")
		if pos <= last {
			t.Fatalf("Append returned %d after %d", pos, last)
		}
		events := since(t, b, last)
		if events.Head < pos || len(events.List) != int(events.Head-events.From) {
			t.Fatalf("Since(%d) after position %d was given = %+v", last, pos, events)
		}
		for j, e := range events.List {
			if e.Position != events.From+cache.Position(j)+1 {
				t.Fatalf("Since(%d): event %d has position %d, want %d", last, j, e.Position, events.From+cache.Position(j)+1)
			}
		}
		last = max(pos, events.Head)
	}
	if n := obs.count(rediscache.OpEra); n < 2 {
		t.Errorf("%d eras began; the head was never evicted, which makes the test worthless", n)
	}
}

// A Redis that is full and may not evict still takes purges.
func TestNoEvictionAndFull(t *testing.T) {
	srv := redistest.New(t, redistest.Config{Args: []string{"--maxmemory-policy", "noeviction"}})
	b, rdb := process(t, srv)
	ctx := t.Context()
	other, _ := process(t, srv)
	first := purge(t, b, "while there was room")
	warm(t, other, first)
	must(t, rdb.ConfigSet(ctx, "maxmemory", "1").Err()) // it holds much more
	if err := b.Set(ctx, "k", nil, 0); err == nil || !strings.Contains(err.Error(), "OOM") {
		t.Fatalf("Set in a full Redis: got %v, want an OOM error", err)
	}

	pos := purge(t, b, "full")
	if pos != first+1 {
		t.Errorf("Append to a full Redis: got position %d, want %d", pos, first+1)
	}
	if got := since(t, other, first); got.Head != pos || got.From != first || len(got.List) != 1 {
		t.Errorf("Since(%d) = %+v, want the event at %d", first, got, pos)
	}
	if got := since(t, other, first-1); got.From != first {
		t.Errorf("Since(%d) = %+v; want From %d, since the event before made room", first-1, got, first)
	}

	// The head can be lost as well.
	must(t, rdb.Unlink(ctx, headKey).Err())
	wantEra(t, other, first, pos)
	must(t, rdb.Unlink(ctx, headKey).Err())
	if got := purge(t, b, "full and lost"); got <= pos {
		t.Errorf("Append to a full Redis without a head: got position %d, want one beyond %d", got, pos)
	}
}

func TestObserve(t *testing.T) { onEachServer(t, testObserve) }

func testObserve(t *testing.T, srv server) {
	var obs observations
	rdb := newClient(t, srv.Options())
	b := newBackend(t, rdb, &rediscache.Options{Observe: obs.add})
	purge(t, b, "first")
	since(t, b, 0)
	if got := obs.count(rediscache.OpEra); got != 1 {
		t.Errorf("told of %d eras on an empty Redis, want 1", got)
	}
	if got := obs.count(rediscache.OpUnverified); got != 0 {
		t.Errorf("told %d times that the history is not verified, want 0", got)
	}
}

// Processes that may see the replication ID and those that may not share a log
// without beginning eras in turns.
func TestInfoHiddenFromOne(t *testing.T) {
	srv := redistest.New(t, redistest.Config{})
	admin := newClient(t, srv.Options())
	must(t, admin.Do(t.Context(), "acl", "setuser", "blind", "on", ">pw", "~*", "+@all", "-info").Err())
	opts := srv.Options()
	opts.Username, opts.Password = "blind", "pw"
	var obs observations
	blind := newBackend(t, newClient(t, opts), &rediscache.Options{Observe: obs.add})
	seeing := newBackend(t, admin, nil)

	first := purge(t, blind, "the first")
	start := purge(t, seeing, "knows the history: a new era")
	if start <= first+1 {
		t.Errorf("Append by a process that sees the history: got position %d, want an era beyond %d", start, first)
	}
	for i := range 10 {
		want := start + cache.Position(2*i) + 1
		if got := purge(t, blind, "blind"); got != want {
			t.Fatalf("Append by the blind: got position %d, want %d", got, want)
		}
		if got := purge(t, seeing, "seeing"); got != want+1 {
			t.Fatalf("Append by the seeing: got position %d, want %d", got, want+1)
		}
		if got := since(t, blind, want-1); got.Head != want+1 || len(got.List) != 2 {
			t.Fatalf("Since(%d) by the blind = %+v, want 2 events", want-1, got)
		}
	}
	if got := obs.count(rediscache.OpUnverified); got != 1 {
		t.Errorf("told %d times that the history is not verified, want once", got)
	}
}

// Appends of several processes get consecutive positions.
func TestManyProcessesAppend(t *testing.T) { onEachServer(t, testManyProcessesAppend) }

func testManyProcessesAppend(t *testing.T, srv server) {
	const processes, each = 5, 100
	first, _ := process(t, srv)
	start := since(t, first, 0).Head
	got := make([][]cache.Position, processes)
	var wg sync.WaitGroup
	for i := range processes {
		b, _ := process(t, srv)
		wg.Go(func() {
			for range each {
				pos, err := b.Append(t.Context(), cache.Event{})
				if err != nil {
					t.Errorf("Append: %v", err)
					return
				}
				got[i] = append(got[i], pos)
			}
		})
	}
	wg.Wait()
	seen := make(map[cache.Position]bool)
	for _, positions := range got {
		for _, pos := range positions {
			if pos <= start || pos > start+processes*each || seen[pos] {
				t.Fatalf("position %d was given; want each of %d to %d once", pos, start+1, start+processes*each)
			}
			seen[pos] = true
		}
	}
}
