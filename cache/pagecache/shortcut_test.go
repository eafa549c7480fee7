package pagecache

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/keys"
)

// A twin is one of two caches in front of the same handler, which get the same
// requests: one has shortcuts, the other has not. All that can be seen of them
// has to be the same.
type twin struct {
	pages   *Cache
	handler http.Handler
	version int // of what the handler shows
	told    []string
}

func newTwin(t testing.TB, o Options, k keys.Options, short bool) *twin {
	t.Helper()
	m := memory.New(nil)
	store, err := coherent.New(m, nil)
	if err != nil {
		t.Fatal(err)
	}
	if o.Keys, err = keys.New("twin", &k); err != nil {
		t.Fatal(err)
	}
	w := &twin{}
	o.Observe = func(r *http.Request, obs Observation) {
		if obs.Refreshed {
			return // it is over at any time
		}
		w.told = append(w.told, fmt.Sprint(r.Method, r.URL, obs))
	}
	if w.pages, err = New(store, &o); err != nil {
		t.Fatal(err)
	}
	if w.pages.short == nil {
		t.Fatal("a cache in memory has no shortcuts")
	}
	if !short {
		w.pages.short = nil
	}
	w.handler = w.pages.Handler(http.HandlerFunc(w.serve))
	t.Cleanup(func() {
		_ = w.pages.Close()
		_ = store.Close()
		_ = m.Close()
	})
	return w
}

// serve answers by the path, and by the version.
func (w *twin) serve(rw http.ResponseWriter, r *http.Request) {
	h := rw.Header()
	status := http.StatusOK
	vary := func(names ...string) {
		for _, name := range names {
			h.Add("Vary", name)
			fmt.Fprintf(&headerWriter{h, "X-Saw"}, "%s=%q", name, r.Header.Values(name))
		}
	}
	AddGroups(r.Context(), "all", "g:"+r.URL.Path)
	switch kind := len(r.URL.Path) % 6; {
	case kind == 0:
	case kind == 1:
		vary("X-A")
	case kind == 2:
		vary("X-A", "Accept-Language")
		h.Set("Cache-Control", "max-age=5, stale-while-revalidate=10")
	case kind == 3 && w.version%2 == 0: // varies, or not, or by something else
		vary("X-A")
	case kind == 3 && w.version%3 == 0:
		vary("Accept-Language")
	case kind == 3:
		vary("Cookie")
	case kind == 4:
		h.Set("ETag", fmt.Sprintf(`"v%d"`, w.version/2))
		h.Set("Last-Modified", "Thu, 01 Jan 1998 00:00:00 GMT")
		h.Set("Cache-Control", "public, max-age=7")
		h.Set("Cache-Status", "inner; hit")
		vary("Cookie")
	case kind == 5:
		status = []int{200, 404, 500, 204}[w.version%4]
		h.Set("Cache-Control", "s-maxage=9, stale-if-error=30")
	}
	h.Set("X-Version", fmt.Sprint(w.version))
	rw.WriteHeader(status)
	if status != http.StatusNoContent {
		fmt.Fprintf(rw, "%s %s %d", r.URL, h.Get("X-Saw"), w.version)
	}
}

type headerWriter struct {
	h    http.Header
	name string
}

func (w *headerWriter) Write(b []byte) (int, error) { w.h.Add(w.name, string(b)); return len(b), nil }

func pick[T any](dice *rand.Rand, from ...T) T { return from[dice.IntN(len(from))] }

// request draws a request; most are plain, so that there are hits.
func drawRequest(dice *rand.Rand, tag string) *http.Request {
	method := pick(dice, "GET", "GET", "GET", "GET", "GET", "HEAD", "POST")
	target := pick(dice, "/", "/a", "/bb", "/ccc", "/dddd", "/eeeee", "/%61", "/b%62", "/a%2Fb", "/ccc;x") + pick(dice, "", "", "", "?", "?q=1", "?q=%31", "?r=2&q=1")
	r := httptest.NewRequest(method, target, nil)
	r.Host = pick(dice, "a.example", "a.example", "a.example", "A.example", "a.example:80", "b.example", "")
	add := func(name string, values ...string) {
		if v := pick(dice, values...); v != "-" {
			r.Header[name] = strings.Split(v, "|")
		}
	}
	add("X-A", "-", "1", "1", "2", " 1", "", "1|2", "1, 2")
	add("Accept-Language", "-", "de", "de", "DE", "en, de", "en,de")
	add("X-Key", "-", "-", "k", "k|l")
	add("Cookie", "-", "-", "_ga=1", "_ga=2", "theme=1; _ga=3", "_ga=4;  theme=1", "lang=1; _ga=5; theme=1", "theme=1; lang=1", "lang=1; theme=1", "lang=1|theme=1", "theme=2, x=1")
	if dice.IntN(3) == 0 {
		add("If-None-Match", "-", tag, `"x"`, "*", `"x", `+tag)
		add("If-Modified-Since", "-", "Thu, 01 Jan 1998 00:00:00 GMT", "nonsense")
		add("Range", "-", "-", "bytes=0-3", "bytes=900-", "bytes=-2")
		add("Authorization", "-", "-", "Basic eA==")
		add("Cookie", "-", "-", "theme=1; session=2", "theme=1")
		add("Cache-Control", "-", "no-cache", "max-age=2", "max-stale", "only-if-cached", "no-store", "min-fresh=3")
		add("Pragma", "-", "-", "no-cache")
		add("Connection", "-", "keep-alive", "close", "X-A", "keep-alive, X-A")
		add("Upgrade", "-", "-", "-", "x")
		add("If-Match", "-", "-", "-", "*")
		add("X-Skip", "-", "-", "-", "1")
		if dice.IntN(8) == 0 {
			*r = *r.WithContext(cache.WithBypass(r.Context()))
		}
		if dice.IntN(8) == 0 {
			r.URL.Scheme, r.URL.Host = "https", "a.example"
		}
	}
	return r
}

// run gives both the same life, and compares.
func runTwins(t *testing.T, seed uint64) {
	dice := rand.New(rand.NewPCG(seed, 1))
	coin := func() bool { return dice.IntN(2) == 0 }
	o := Options{
		TTL: 20 * time.Second, Proxy: &Proxy{ClientDirectives: coin(), Transparent: dice.IntN(4) == 0, Refresh: coin(), AllETags: coin()}, StatusKey: dice.IntN(4) == 0,
		MaxVariants: pick(dice, 0, 0, 2),
		Skip:        func(r *http.Request) bool { return r.Header.Get("X-Skip") != "" },
	}
	if coin() {
		o.StaleWhileRevalidate, o.StaleIfError = 10*time.Second, 15*time.Second
	}
	if coin() {
		o.IgnoreVary = []string{"Accept-Language"}
	}
	if coin() {
		o.SessionCookies = []string{"session"}
	}
	k := keys.Options{Exact: dice.IntN(3) == 0}
	if coin() {
		k.Headers = []string{"X-Key"}
	}
	if dice.IntN(4) == 0 {
		k.Headers = append(k.Headers, "Cookie")
	}
	switch dice.IntN(4) {
	case 0, 1:
		k.Cookies = []string{"theme", "lang"}
	case 2:
		k.Cookies = []string{}
	}
	if coin() {
		o.Visitor = func(r *http.Request) bool { return strings.Contains(r.Header.Get("Cookie"), "_ga=2") }
	}
	if coin() {
		k.Query = []string{"q"}
	}
	twins := []*twin{newTwin(t, o, k, true), newTwin(t, o, k, false)}
	var tag string
	for step := range 150 {
		what := ""
		var got [2]string
		switch n := dice.IntN(20); {
		case n == 0:
			d := pick(dice, cache.Path("/a"), cache.Path("/bb"), cache.Prefix("/"), cache.Group("all"), cache.Group("g:/ccc"), cache.URI("a.example/a?q=1"), cache.All)
			e := cache.Event{Dependencies: []cache.Dependency{d}, Soft: coin()}
			what = fmt.Sprint("purge ", e)
			for _, w := range twins {
				if err := w.pages.Purge(t.Context(), e); err != nil {
					t.Fatal(err)
				}
			}
		case n == 1:
			for _, w := range twins {
				w.version++
			}
		case n == 2:
			time.Sleep(pick(dice, time.Millisecond, 999*time.Millisecond, time.Second, 4*time.Second, 30*time.Second))
		default:
			r := drawRequest(dice, tag)
			what = fmt.Sprint(r.Method, " ", r.Host, " ", r.URL, " ", r.Header)
			for i, w := range twins {
				rec := httptest.NewRecorder()
				rec.Header().Set("X-Around", "1")
				own := r.Clone(r.Context())
				w.handler.ServeHTTP(rec, own)
				synctest.Wait() // for what goes on in the background
				names := slices.Sorted(maps.Keys(rec.Header()))
				got[i] = fmt.Sprint(rec.Code, " ", own.Pattern, " ", rec.Body)
				for _, name := range names {
					got[i] += fmt.Sprintf("\n%s: %q", name, rec.Header()[name])
				}
				if i == 0 && rec.Header().Get("Etag") != "" {
					tag = rec.Header().Get("Etag")
				}
			}
		}
		if got[0] != got[1] || !reflect.DeepEqual(twins[0].told, twins[1].told) {
			t.Fatalf("seed %d, step %d: %s:\nwith shortcuts:\n%s\n%v\nwithout:\n%s\n%v", seed, step, what, got[0], twins[0].told, got[1], twins[1].told)
		}
		twins[0].told, twins[1].told = nil, nil
	}
}

// A request gets the same answer with shortcuts and without.
func TestShortcutsChangeNothing(t *testing.T) {
	programs := uint64(400)
	if testing.Short() {
		programs = 50
	}
	for seed := range programs {
		synctest.Test(t, func(t *testing.T) { runTwins(t, seed) })
	}
}

// FuzzShortcuts goes on where TestShortcutsChangeNothing ends.
func FuzzShortcuts(f *testing.F) {
	f.Add(uint64(1))
	f.Fuzz(func(t *testing.T, seed uint64) {
		synctest.Test(t, func(t *testing.T) { runTwins(t, seed) })
	})
}

// The test above would say nothing if there were no hits by shortcuts.
func TestShortcutIsTaken(t *testing.T) {
	for _, target := range []string{"/bbbbb", "/", "/a", "/a?q=1"} { // kind 0, 1, 2
		w := newTwin(t, Options{TTL: time.Hour}, keys.Options{Headers: []string{"X-Key"}}, true)
		ask := func(fields ...string) *http.Request {
			r := httptest.NewRequest(http.MethodGet, target, nil)
			for i := 0; i < len(fields); i += 2 {
				r.Header.Add(fields[i], fields[i+1])
			}
			w.handler.ServeHTTP(httptest.NewRecorder(), r)
			return r
		}
		shortcut := func(fields ...string) bool { return w.pages.short.Find(ask(fields...), time.Now()) != nil }
		for range 2 { // a rendering and a hit
			if shortcut("X-A", "1") {
				t.Errorf("%s: there is a shortcut before a second hit", target)
			}
		}
		if !shortcut("X-A", "1") {
			t.Errorf("%s: there is no shortcut after the second hit", target)
		}
		if target != "/bbbbb" && shortcut("X-A", "1", "X-A", "2") {
			t.Errorf("%s has a shortcut with two lines of X-A", target)
		}
		for _, other := range [][]string{{"X-Key", "1", "X-A", "1"}, {"X-Key", "1", "X-Key", "2"}} {
			if shortcut(other...) {
				t.Errorf("%s with %v has a shortcut", target, other)
			}
		}
	}
}

// A shortcut is of no use any more when responses vary by something else: what is
// stored under its key may be fresh.
func TestShortcutWhenTheFieldsChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTwin(t, Options{TTL: 20 * time.Second}, keys.Options{}, true)
		ask := func(value string) string {
			r := httptest.NewRequest(http.MethodGet, "/bb", nil)
			r.Header.Set("X-A", value)
			rec := httptest.NewRecorder()
			w.handler.ServeHTTP(rec, r)
			return rec.Header().Get("X-Version")
		}
		for range 3 {
			ask("1")
		}
		time.Sleep(15 * time.Second)
		for range 3 {
			ask("2")
		}
		time.Sleep(6 * time.Second)
		w.version = 3 // varies by Accept-Language
		if got := ask("1"); got != "3" {
			t.Fatalf("what expired is answered by version %s", got)
		}
		if got := ask("2"); got != "3" {
			t.Errorf("a shortcut by the fields of old leads to version %s", got)
		}
	})
}
