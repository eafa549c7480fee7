package integration_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/check/integration/torture"
)

// The harness is worth something only if it catches what does not work. Each of
// these must be caught serving something stale.
func TestHarnessCatches(t *testing.T) {
	seed := newSeed(t)
	for _, tt := range []struct {
		name   string
		race   func(t *testing.T) race
		change func(t *testing.T, c *torture.Config)
	}{
		// What everybody writes: GET, else render and SET; after a save DEL.
		{name: "cache-aside", race: noNodes, change: asideNodes},

		// Logs that break their contract.
		{name: "a log that lags", race: over(0, func(l cache.Log) cache.Log { return &laggingLog{Log: l} })},
		{name: "a log that drops events", race: over(0, func(l cache.Log) cache.Log { return droppingLog{l} })},
		{name: "a log that drops a dependency", race: over(0, func(l cache.Log) cache.Log { return sieveLog{l} })},
		{name: "a log that hides gaps", race: over(1, func(l cache.Log) cache.Log { return seamlessLog{l} })},

		// Good nodes behind something that spoils what they promise.
		{name: "purges that return too early", race: plain, change: wrapPurges},
		{name: "requests collapsed across purges", race: plain, change: wrapHandlers(collapseBlindly)},
		{name: "a 304 without looking", race: plain, change: wrapHandlers(notModifiedBlindly)},

		// Nodes that promise less than they are held to.
		{name: "50 ms stale where 5 ms are allowed", race: func(t *testing.T) race {
			r := plain(t)
			r.node.MaxStale = 50 * time.Millisecond
			return r
		}, change: func(_ *testing.T, c *torture.Config) { c.MaxStale = 5 * time.Millisecond }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			result := tt.race(t).run(t, 200*time.Millisecond, seed, func(c *torture.Config) {
				c.Until = func(r torture.Result) bool { return r.Stale > 0 }
				if tt.change != nil {
					tt.change(t, c)
				}
			})
			if result.Stale == 0 {
				t.Error("the harness found nothing stale")
			}
		})
	}
}

// A broken page is caught, too.
func TestHarnessCatchesBrokenPages(t *testing.T) {
	result := plain(t).run(t, 100*time.Millisecond, newSeed(t), func(c *torture.Config) {
		c.Until = func(r torture.Result) bool { return r.Broken > 0 }
		wrapHandlers(func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				r.Header.Del("Accept-Language") // somebody else's page
				next.ServeHTTP(w, r)
			})
		})(t, c)
	})
	if result.Broken == 0 {
		t.Error("the harness did not notice that visitors got pages in another language")
	}
}

// A run in which nothing happened does not pass.
func TestHarnessWantsMeaning(t *testing.T) {
	for _, r := range []torture.Result{
		{},
		{Requests: 1000, Bypassed: 1000, Purges: 1000},
		{Requests: 1000, Fills: 1000, Outrun: 100, Purges: 1000},
		{Requests: 1000, Hits: 500, Fills: 500, Purges: 1000},
		{Requests: 1000, Hits: 500, Fills: 500, Outrun: 100},
	} {
		if err := r.Check(); err == nil {
			t.Errorf("Check of %+v: got nil, want an error", r)
		}
	}
}

// plain is a race of good nodes on one memory.
func plain(t *testing.T) race {
	return over(0, func(l cache.Log) cache.Log { return hidden{l} })(t)
}

// over returns a race of three nodes which share a memory, and for each a log in
// place of the memory's, which remembers so many events (0: the default).
func over(maxEvents int, log func(cache.Log) cache.Log) func(t *testing.T) race {
	return func(t *testing.T) race {
		b := inMemory(t, &memory.Options{Log: &memory.LogOptions{MaxEvents: maxEvents}})
		var r race
		for range nodes {
			r.backends = append(r.backends, cache.Join(struct{ cache.Cache }{b}, log(b)))
		}
		return r
	}
}

// hidden is a log whose head can't be read without asking, as one on a network.
type hidden struct{ cache.Log }

// laggingLog looks only every 40 ms.
type laggingLog struct {
	cache.Log
	looked atomic.Int64
}

func (l *laggingLog) Since(ctx context.Context, after cache.Position) (cache.Events, error) {
	last, now := l.looked.Load(), time.Now().UnixMilli()
	if after > 0 && now-last < 40 {
		return cache.Events{Head: after, From: after}, nil
	}
	l.looked.Store(now)
	return l.Log.Since(ctx, after)
}

// droppingLog shows one event in four without what it names.
type droppingLog struct{ cache.Log }

func (l droppingLog) Since(ctx context.Context, after cache.Position) (cache.Events, error) {
	events, err := l.Log.Since(ctx, after)
	for i := range events.List {
		if events.List[i].Position%4 == 0 {
			events.List[i].Dependencies = nil
		}
	}
	return events, err
}

// sieveLog loses the last thing that an event names.
type sieveLog struct{ cache.Log }

func (l sieveLog) Append(ctx context.Context, e cache.Event) (cache.Position, error) {
	e.Dependencies = e.Dependencies[:len(e.Dependencies)-1]
	return l.Log.Append(ctx, e)
}

// seamlessLog claims that nothing happened where it does not know.
type seamlessLog struct{ cache.Log }

func (l seamlessLog) Since(ctx context.Context, after cache.Position) (cache.Events, error) {
	if after > 0 && rand.IntN(2) == 0 {
		time.Sleep(30 * time.Millisecond) // long enough for a short log to forget
	}
	events, err := l.Log.Since(ctx, after)
	if err == nil && after > 0 {
		for ; events.From > after; events.From-- {
			events.List = append([]cache.Event{{Position: events.From}}, events.List...)
		}
	}
	return events, err
}

// wrapPurges has purges return before they are made.
func wrapPurges(t *testing.T, c *torture.Config) {
	var late sync.WaitGroup
	t.Cleanup(late.Wait)
	for i := range c.Nodes {
		purge := c.Nodes[i].Purge
		c.Nodes[i].Purge = func(ctx context.Context, e cache.Event) error {
			late.Go(func() {
				time.Sleep(20 * time.Millisecond)
				_ = purge(context.WithoutCancel(ctx), e)
			})
			return nil
		}
	}
}

func wrapHandlers(wrap func(http.Handler) http.Handler) func(*testing.T, *torture.Config) {
	return func(_ *testing.T, c *torture.Config) {
		for i := range c.Nodes {
			c.Nodes[i].Do = torture.Direct(wrap(c.Nodes[i].Handler))
		}
	}
}

// collapseBlindly has requests for a URL answered by the one that is under way.
func collapseBlindly(next http.Handler) http.Handler {
	type flight struct {
		done chan struct{}
		w    *httptest.ResponseRecorder
	}
	var mu sync.Mutex
	flights := make(map[string]*flight)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key := r.Method + r.URL.Path + "?" + r.URL.RawQuery + r.Header.Get("Accept-Language") + r.Header.Get("If-None-Match")
		mu.Lock()
		f, ok := flights[key]
		if !ok {
			f = &flight{make(chan struct{}), httptest.NewRecorder()}
			flights[key] = f
		}
		mu.Unlock()
		if !ok {
			next.ServeHTTP(f.w, r)
			mu.Lock()
			delete(flights, key)
			mu.Unlock()
			close(f.done)
		}
		<-f.done
		for name, values := range f.w.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(f.w.Code)
		_, _ = w.Write(f.w.Body.Bytes())
	})
}

// notModifiedBlindly believes that what a visitor has is good.
func notModifiedBlindly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-None-Match") != "" {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// noNodes is a race whose nodes are made by its change.
func noNodes(*testing.T) race { return race{} }

// asideNodes are nodes with plain cache-aside on one Redis. They are purged by
// path, since more than the keys of a path they could not find.
func asideNodes(t *testing.T, c *torture.Config) {
	connect := mini(t)
	c.Ways = []torture.Way{torture.ByPath}
	for i := range nodes {
		site := &torture.Site{Source: c.Register, Records: records, Dawdle: dawdle, Seed: c.Seed + uint64(i)}
		a := aside{use(t, connect), site.Handler()}
		c.Nodes = append(c.Nodes, torture.Node{Do: torture.Direct(a), Purge: a.purge})
	}
}

// aside is a page cache as it stands in many a service. The pages of a path,
// with all query strings and languages, are the fields of one hash, so that one
// DEL finds them all.
type aside struct {
	rdb  redis.UniversalClient
	next http.Handler
}

func (a aside) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	key, field := r.URL.Path, r.URL.Query().Encode()+" "+r.Header.Get("Accept-Language")
	stored, err := a.rdb.HGet(r.Context(), key, field).Result()
	if err == nil {
		status, shown, body := 0, "", ""
		if _, err := fmt.Sscanf(stored, "%d\n", &status); err == nil {
			_, rest, _ := strings.Cut(stored, "\n")
			shown, body, _ = strings.Cut(rest, "\n")
			w.Header().Set("Cache-Status", "aside; hit")
			w.Header().Set(torture.VersionsField, shown)
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
			return
		}
	}
	if !errors.Is(err, redis.Nil) {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	rec := httptest.NewRecorder()
	a.next.ServeHTTP(rec, r)
	shown := rec.Header().Get(torture.VersionsField)
	page := bytes.Join([][]byte{[]byte(fmt.Sprint(rec.Code)), []byte(shown), rec.Body.Bytes()}, []byte("\n"))
	if r.Method == http.MethodGet {
		a.rdb.HSet(r.Context(), key, field, page)
	}
	w.Header().Set("Cache-Status", "aside; fwd=miss")
	w.Header().Set(torture.VersionsField, shown)
	w.WriteHeader(rec.Code)
	_, _ = w.Write(rec.Body.Bytes())
}

func (a aside) purge(ctx context.Context, e cache.Event) error {
	for _, d := range e.Dependencies {
		if path, ok := strings.CutPrefix(string(d), "path:"); ok {
			if err := a.rdb.Del(ctx, path).Err(); err != nil {
				return err
			}
		}
	}
	return nil
}
