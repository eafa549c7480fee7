package pagecache_test

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/pagecache"
)

// books are what a test has seen itself.
type books struct {
	mu       sync.Mutex
	requests map[string]uint64 // by outcome and reason, from Cache-Status
	routes   map[string]uint64 // by pattern and outcome
	told     []pagecache.Observation
}

func (b *books) observe(_ *http.Request, o pagecache.Observation) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if o.Outcome() != "" && !o.Warm && !o.Refreshed {
		b.told = append(b.told, o)
	}
}

// last returns what Observe was told last.
func (b *books) last(t *testing.T) pagecache.Observation {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.told) == 0 {
		t.Fatal("Observe was told nothing")
	}
	return b.told[len(b.told)-1]
}

// note notes a response by its Cache-Status, and compares it with what Observe was told.
func (b *books) note(t *testing.T, method string, resp *http.Response, pattern string) {
	t.Helper()
	said := resp.Header["Cache-Status"]
	outcome, reason := parse(said[len(said)-1])
	if b.requests == nil {
		b.requests, b.routes = make(map[string]uint64), make(map[string]uint64)
	}
	b.requests[outcome+" "+reason]++
	b.routes[pattern+" "+outcome]++
	o := b.last(t)
	size := int64(len(body(t, resp)))
	if method == http.MethodHead {
		size = 0 // net/http drops what the handler wrote
	}
	if o.Outcome() != outcome || o.Detail != reason || o.Pattern != pattern || o.Status != resp.StatusCode || o.Bytes != size ||
		o.Stored != strings.Contains(said[len(said)-1], "; stored") {
		t.Errorf("%s: Observe was told %+v, want %d, %d bytes, %q", said, o, resp.StatusCode, size, pattern)
	}
}

// parse returns the outcome and the reason in a member of Cache-Status.
func parse(member string) (outcome, reason string) {
	for param := range strings.SplitSeq(member, "; ") {
		name, value, _ := strings.Cut(param, "=")
		switch name {
		case "hit", "collapsed":
			outcome = name
		case "fwd":
			outcome = value
		case "detail":
			reason = value
		}
	}
	return outcome, reason
}

// check compares Stats with the books.
func (b *books) check(t *testing.T, s pagecache.Stats) {
	t.Helper()
	requests, routes := make(map[string]uint64), make(map[string]uint64)
	for _, r := range s.Requests {
		requests[r.Outcome+" "+r.Reason] += r.Count
	}
	for _, r := range s.Routes {
		for outcome, n := range r.Requests {
			routes[r.Pattern+" "+outcome] += n
		}
	}
	if !maps.Equal(requests, b.requests) {
		t.Errorf("Stats.Requests: %v\nwant %v", requests, b.requests)
	}
	if !maps.Equal(routes, b.routes) {
		t.Errorf("Stats.Routes: %v\nwant %v", routes, b.routes)
	}
	var n uint64
	for _, count := range b.requests {
		n += count
	}
	if uint64(len(b.told)) != n {
		t.Errorf("Observe was told of %d requests, want %d", len(b.told), n)
	}
}

// A page for each way in which a request may end.
func statsMux() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /page/{id}", func(w http.ResponseWriter, r *http.Request) {
		pagecache.AddGroups(r.Context(), "author:ada", "tag:go")
		time.Sleep(time.Second)
		_, _ = io.WriteString(w, "a page")
	})
	mux.HandleFunc("GET /vary", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Vary", "Accept-Language")
		_, _ = io.WriteString(w, r.Header.Get("Accept-Language"))
	})
	mux.HandleFunc("GET /private", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "private")
		_, _ = io.WriteString(w, "private")
	})
	mux.HandleFunc("POST /page/{id}", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /etag", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Etag", `"1"`)
		if r.Header.Get("If-None-Match") == `"1"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = io.WriteString(w, "tagged")
	})
	mux.HandleFunc("GET /flush", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "half ")
		_ = http.NewResponseController(w).Flush()
		time.Sleep(time.Second)
		_, _ = io.WriteString(w, "and half")
	})
	return mux
}

// Every figure is what happened, and Observe is told the same of each request.
func TestStats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b books
		opts := &pagecache.Options{
			TTL: 10 * time.Second, SessionCookies: []string{"session"}, Observe: b.observe,
			Skip: func(r *http.Request) bool { return r.URL.Path == "/skip" },
		}
		s := newSite(t, nil, opts, statsMux().ServeHTTP)
		const page, vary, etag = "GET /page/{id}", "GET /vary", "GET /etag"
		for _, ask := range []struct {
			pattern, method, target string
			fields                  []string
		}{
			{page, "GET", "/page/1", nil},
			{page, "GET", "/page/1", nil},
			{page, "HEAD", "/page/1", nil},
			{page, "GET", "/page/1", []string{"Range: bytes=2-3"}},
			{page, "GET", "/page/1", []string{"Cookie: session=1"}},
			{page, "GET", "/page/2", nil},
			{page, "HEAD", "/page/3", nil},
			{page, "GET", "/page/4", []string{"Range: bytes=2-3"}},
			{"POST /page/{id}", "POST", "/page/1", nil},
			{page, "GET", "/page/1", nil},
			{vary, "GET", "/vary", []string{"Accept-Language: en"}},
			{vary, "GET", "/vary", []string{"Accept-Language: en"}},
			{vary, "GET", "/vary", []string{"Accept-Language: de"}},
			{"GET /private", "GET", "/private", nil},
			{"GET /private", "GET", "/private", nil},
			{etag, "GET", "/etag", nil},
			{etag, "GET", "/etag", []string{`If-None-Match: "1"`}},
			{"", "GET", "/skip", nil},
			{"", "GET", "/unknown", nil},
			{"", "GET", "//", nil},
			{page, "GET", "/page/1", []string{"Connection: X-A"}},
			{page, "GET", "/page/1", []string{"If-Match: *"}},
		} {
			b.note(t, ask.method, s.do(ask.method, ask.target, ask.fields...), ask.pattern)
		}
		time.Sleep(11 * time.Second)
		b.note(t, "GET", s.get("/etag"), etag)
		b.note(t, "GET", s.get("/page/2"), page)
		b.check(t, s.pages.Stats())
		st := s.pages.Stats()
		if got, want := st.Store.Purges, uint64(1); len(got) != 1 || got[0].Done != want || got[0].Kind != "uri" {
			t.Errorf("purges %v, want one of a URI: that of the POST", got)
		}
		if got := st.Store.Tiers; len(got) != 1 || got[0].Entries == 0 || got[0].Bytes == 0 {
			t.Errorf("tiers %+v, want what the memory holds", got)
		}
	})
}

// What Observe is told when a request is over.
func TestObservation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b books
		s := newSite(t, nil, &pagecache.Options{TTL: time.Hour, Observe: b.observe}, statsMux().ServeHTTP)
		want := func(o pagecache.Observation) {
			t.Helper()
			if got := b.last(t); fmt.Sprint(got) != fmt.Sprint(o) {
				t.Errorf("told %+v\nwant %+v", got, o)
			}
		}
		const page = "GET /page/{id}"
		s.get("/page/1")
		want(pagecache.Observation{
			Forward: "miss", Stored: true, Status: 200, Bytes: 6, Handler: time.Second, Pattern: page,
			Groups: []string{"author:ada", "tag:go"},
		})
		s.get("/page/1")
		want(pagecache.Observation{Hit: true, Status: 200, Bytes: 6, Pattern: page})
		s.get("/flush")
		want(pagecache.Observation{Forward: "miss", Stored: true, Status: 200, Bytes: 13, Handler: time.Second, Pattern: "GET /flush"})
		s.do("HEAD", "/page/2")
		want(pagecache.Observation{Forward: "miss", Status: 200, Handler: time.Second, Pattern: page})
		st := s.pages.Stats()
		if st.Fills.Count != 2 || st.Fills.Sum != 2*time.Second || st.Stored != 2 {
			t.Errorf("%d fills in %v, %d stored; want 2 in 2 s, both stored", st.Fills.Count, st.Fills.Sum, st.Stored)
		}
		for _, r := range st.Routes {
			if r.Pattern == page && (r.Fills != 1 || r.Took != time.Second) {
				t.Errorf("%d fills of %s in %v, want 1 in 1 s", r.Fills, page, r.Took)
			}
		}
	})
}

// Requests that wait for another's fill are counted as such.
func TestStatsOfCollapsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b books
		s := newSite(t, nil, &pagecache.Options{TTL: time.Hour, Observe: b.observe}, statsMux().ServeHTTP)
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() { s.get("/page/1") })
		}
		wg.Wait()
		st := s.pages.Stats()
		fills := s.rendered() // a slow one may be joined by others
		got, want := fmt.Sprint(st.Requests), fmt.Sprintf("[{collapsed  %d} {miss  %d}]", 5-fills, fills)
		if got != want || fills > 4 {
			t.Errorf("requests %s, want %s", got, want)
		}
		if st.Fills.Count != uint64(fills) || st.Stored != uint64(fills) {
			t.Errorf("%d fills, %d stored; want %d", st.Fills.Count, st.Stored, fills)
		}
		collapsed := 0
		for _, o := range b.told {
			if o.Collapsed {
				collapsed++
			}
			if o.Collapsed && (o.Handler != 0 || o.Stored || o.Bytes != 6 || o.Pattern != "GET /page/{id}") {
				t.Errorf("told %+v", o)
			}
		}
		if collapsed != 5-fills {
			t.Errorf("Observe was told of %d collapsed requests, want %d", collapsed, 5-fills)
		}
	})
}

// What the cache renders by itself is no request of a visitor. It counts as a fill.
func TestStatsOfTheBackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var told []string
		opts := &pagecache.Options{
			TTL: 10 * time.Second, StaleWhileRevalidate: time.Hour, Warm: 1,
			Observe: func(_ *http.Request, o pagecache.Observation) {
				mu.Lock()
				defer mu.Unlock()
				told = append(told, fmt.Sprint(o.Outcome(), o.Detail, o.Warm, o.Refreshed, o.Stored))
			},
		}
		s := newSite(t, nil, opts, statsMux().ServeHTTP)
		s.get("/page/1") // a miss
		time.Sleep(11 * time.Second)
		s.get("/page/1") // a stale hit, and a refresh
		time.Sleep(2 * time.Second)
		s.purge(cache.Group("tag:go"))
		time.Sleep(2 * time.Second) // warmed
		s.get("/page/1")            // a hit
		if err := s.pages.Purge(t.Context(), cache.Event{Soft: true, Dependencies: []cache.Dependency{cache.Group("tag:go")}}); err != nil {
			t.Fatal(err)
		}
		s.get("/page/1") // a hit, softly purged
		time.Sleep(2 * time.Second)
		st := s.pages.Stats()
		if got, want := fmt.Sprint(st.Requests), "[{hit  2} {hit soft-purged 1} {miss  1}]"; got != want {
			t.Errorf("requests %s, want %s\ntold %q", got, want, told)
		}
		if st.Refreshed == 0 || st.Warmed == 0 || st.Fills.Count != 1+st.Refreshed+st.Warmed || st.Fills.Count != uint64(s.rendered()) {
			t.Errorf("%d fills, %d refreshed, %d warmed\ntold %q", st.Fills.Count, st.Refreshed, st.Warmed, told)
		}
		if got := st.Store.Purges; len(got) != 1 || got[0].Kind != "group" || got[0].Done != 2 || st.Store.PurgeTime.Count != 2 {
			t.Errorf("purges %v, want 2 of a group", got)
		}
	})
}

// A handler that panics ends its request, too.
func TestStatsOfAPanic(t *testing.T) {
	var b books
	s := newSite(t, nil, &pagecache.Options{TTL: time.Hour, Observe: b.observe}, func(w http.ResponseWriter, r *http.Request) { panic("oh") })
	for _, method := range []string{"GET", "POST", "OPTIONS"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: the panic was swallowed", method)
				}
			}()
			s.do(method, "/")
		}()
	}
	if got, want := fmt.Sprint(s.pages.Stats().Requests), "[{miss incomplete 1} {method  2}]"; got != want {
		t.Errorf("requests %s, want %s", got, want)
	}
	if len(b.told) != 3 {
		t.Errorf("Observe was told of %d requests, want 3: %+v", len(b.told), b.told)
	}
	for _, o := range b.told {
		if o.Status != 0 || o.Stored {
			t.Errorf("told %+v: there was no response", o)
		}
	}
}

// A response that is not stored although it was promised has its reason.
func TestObservationOfABrokenPromise(t *testing.T) {
	var b books
	s := newSite(t, nil, &pagecache.Options{TTL: time.Hour, Observe: b.observe}, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "page") })
	s.setsLate(func(_ *http.Request, h http.Header) { h.Add("Set-Cookie", "session=1") })
	s.get("/")
	if o := b.last(t); len(b.told) != 1 || !errors.Is(o.Err, pagecache.ErrNotStored) || o.Detail != "set-cookie" || o.Stored {
		t.Errorf("told %+v", b.told)
	}
	if got := s.pages.Stats(); got.Stored != 0 || fmt.Sprint(got.Requests) != "[{miss set-cookie 1}]" {
		t.Errorf("%d stored, requests %v", got.Stored, got.Requests)
	}
}

// However many routes there are, Stats has 200 and the sum of the others.
func TestStatsOfManyRoutes(t *testing.T) {
	mux := http.NewServeMux()
	const routes = 300
	for i := range routes {
		mux.HandleFunc("GET /"+strconv.Itoa(i), func(http.ResponseWriter, *http.Request) {})
	}
	s := newSite(t, nil, &pagecache.Options{TTL: time.Hour}, mux.ServeHTTP)
	for i := range routes {
		s.get("/" + strconv.Itoa(i))
		s.get("/" + strconv.Itoa(i))
	}
	st := s.pages.Stats()
	var hits, misses uint64
	for _, r := range st.Routes {
		hits += r.Requests["hit"]
		misses += r.Requests["miss"]
		if r.Pattern == "other" && r.Requests["hit"] != routes-200 {
			t.Errorf("other has %d hits, want %d", r.Requests["hit"], routes-200)
		}
	}
	if len(st.Routes) != 201 || hits != routes || misses != routes {
		t.Errorf("%d routes, %d hits, %d misses; want 201, %d, %d", len(st.Routes), hits, misses, routes, routes)
	}
}

// Two caches over one store share responses, and count each its own hits.
func TestStatsOfTwoCaches(t *testing.T) {
	b := newMemory(t)
	page := func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "page") }
	one, other := newSite(t, b, &pagecache.Options{TTL: time.Hour}, page), newSite(t, b, &pagecache.Options{TTL: time.Hour}, page)
	one.get("/")
	for i := range 10 {
		one.get("/")
		if i%2 == 0 {
			other.get("/")
		}
	}
	for s, want := range map[*site]uint64{one: 10, other: 5} {
		if got := s.pages.Stats().Requests[0]; got.Outcome != "hit" || got.Count != want {
			t.Errorf("%+v, want %d hits", got, want)
		}
	}
}

// Hits of many goroutines are all counted.
func TestStatsOfManyHits(t *testing.T) {
	s := newSite(t, nil, &pagecache.Options{TTL: time.Hour}, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "page") })
	s.get("/")
	const visitors, each = 16, 500
	var wg sync.WaitGroup
	for range visitors {
		wg.Go(func() {
			for range each {
				s.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
			}
		})
	}
	wg.Wait()
	if got := s.pages.Stats().Requests[0]; got.Outcome != "hit" || got.Count != visitors*each {
		t.Errorf("%+v, want %d hits", got, visitors*each)
	}
}
