package find

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache/internal/engine"
	"github.com/uncache/uncache/cache/pagecache/internal/stored"
	"github.com/uncache/uncache/keys"
)

// A shelf is a store with shortcuts, without a handler in front.
type shelf struct {
	t      testing.TB
	store  *memory.Backend
	engine *engine.Cache
	values *engine.Values[*stored.Response]
	codec  stored.Codec
	keys   *keys.Builder
	*Shortcuts
}

func newShelf(t testing.TB, o *memory.Options) *shelf {
	t.Helper()
	b, err := keys.New("page", nil)
	if err != nil {
		t.Fatal(err)
	}
	m := memory.New(o)
	t.Cleanup(func() { _ = m.Close() })
	c, err := engine.New(m, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	s := &shelf{t: t, store: m, engine: c, codec: stored.NewCodec(0), keys: b}
	s.values = engine.NewValues(c, s.codec)
	s.Shortcuts = NewShortcuts(s.values, NewMemo(), b)
	return s
}

// ask returns a request with header fields given as name and value.
func ask(target, host string, fields ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	r.Host = host
	for i := 0; i < len(fields); i += 2 {
		r.Header[fields[i]] = fields[i+1 : i+2]
	}
	return r
}

// put stores a response to r that varies by some fields, without a note.
func (s *shelf) put(r *http.Request, vary ...string) *engine.Stored[*stored.Response] {
	s.t.Helper()
	p := &stored.Response{Key: s.key(r, vary...), Status: http.StatusOK, Body: []byte("page")}
	s.codec.SetVary(p, vary)
	s.codec.Finish(p, nil, stored.Terms{Life: time.Hour}, stored.Timing{Given: time.Now()})
	s.codec.SetVary(p, vary)
	return s.set(p)
}

func (s *shelf) set(p *stored.Response) *engine.Stored[*stored.Response] {
	s.t.Helper()
	if _, _, err := s.values.Get(s.t.Context(), []byte(p.Key)); err != nil {
		s.t.Error(err)
	}
	if ok, err := s.values.Set(s.t.Context(), p.Key, p, time.Hour, s.engine.Begin()); !ok || err != nil {
		s.t.Errorf("Set: %v, %v", ok, err)
	}
	if p.Marks.Has(stored.HasLeft) { // there is no room any more
		return nil
	}
	return p.Kept()
}

// note stores a note that lists variants.
func (s *shelf) note(r *http.Request, vary []string, variants ...string) {
	s.t.Helper()
	n := &stored.Response{Key: s.key(r), Flags: stored.IsNote}
	n.Rare = &stored.Rare{Vary: vary, Named: make([]int64, len(vary)), Variants: variants, Tags: make([]string, len(variants))}
	s.codec.SetHeader(n, nil)
	s.set(n)
	s.memo.SetFields([]byte(n.Key), vary)
}

func (s *shelf) key(r *http.Request, vary ...string) string {
	key, _ := s.keys.AppendRequest(nil, r)
	if len(vary) > 0 {
		key = s.keys.AppendVariant(nil, key, vary, r.Header)
	}
	return string(key)
}

// learn has r answered by what is stored for it, as often as it takes.
func (s *shelf) learn(r *http.Request, found *engine.Stored[*stored.Response]) {
	for range 2 {
		s.Learn(r, []byte(s.key(r)), found)
	}
}

func (s *shelf) finds(r *http.Request) *stored.Response {
	form, _ := form(r)
	return s.leads.find(r, form, s.hash(r, form), s.known(), s.cookies)
}

// A lead is compared in full with a request, whatever the hash.
func TestLeadIsCompared(t *testing.T) {
	for _, target := range []string{"/a/x", "/a/x?q", "/a%20b/%C3%A9", "/a%20b/%C3%A9?q=%20", "/%61/x", "/"} {
		s := newShelf(t, nil)
		made := ask(target, "host", "A", "one", "B", "")
		vary := []string{"A", "B"}
		found := s.put(made, vary...)
		s.note(made, vary, found.Value.Key)
		s.learn(made, found)
		led := !strings.HasPrefix(target, "/%61") // its key is shorter than what it was made of
		if got := s.finds(made) != nil; got != led {
			t.Errorf("%s: the request leads to its response: %v, want %v", target, got, led)
		}
		if s.Find(made, time.Now()) != found {
			t.Errorf("%s: no shortcut", target)
		}
		with := func(change func(*http.Request)) *http.Request {
			r := ask(target, "host", "A", "one", "B", "")
			change(r)
			return r
		}
		for name, change := range map[string]func(*http.Request){
			"host":         func(r *http.Request) { r.Host = "hosT" },
			"longer host":  func(r *http.Request) { r.Host = "host/" },
			"path":         func(r *http.Request) { r.URL.Path += "y" },
			"raw path":     func(r *http.Request) { r.URL.RawPath = "/%62/x" },
			"query":        func(r *http.Request) { r.URL.RawQuery += "r" },
			"URL's host":   func(r *http.Request) { r.URL.Host = "host" },
			"scheme":       func(r *http.Request) { r.URL.Scheme = "https" },
			"asked":        func(r *http.Request) { r.RequestURI = "/mount" + r.RequestURI },
			"value":        func(r *http.Request) { r.Header["A"] = []string{"two"} },
			"longer value": func(r *http.Request) { r.Header["A"] = []string{"onek"} },
			"shifted":      func(r *http.Request) { r.Header["A"], r.Header["B"] = []string{"on"}, []string{"e"} },
			"absent":       func(r *http.Request) { delete(r.Header, "B") },
			"two lines":    func(r *http.Request) { r.Header["A"] = []string{"one", "one"} },
			"none":         func(r *http.Request) { clear(r.Header) },
		} {
			// With the hashes of the other request, as if both met.
			r := with(change)
			if l := &found.Value.Lead; led && leadsFrom(l, r) && func() bool {
				var v selecting
				_, ok := v.read(s.memo.seed, r.Header, s.known()[l.By.Load().By-1].fields, nil, 0)
				f, _ := form(r)
				return ok && f == l.Form && v.are(l.By.Load(), len(vary))
			}() {
				t.Errorf("%s, %s: the lead is for another request", target, name)
			}
			if s.Find(r, time.Now()) != nil {
				t.Errorf("%s, %s: there is a shortcut for another request", target, name)
			}
		}
	}
}

// A response gets a lead by the second request that it answers.
func TestLeadNeedsASecondHit(t *testing.T) {
	s := newShelf(t, nil)
	r := ask("/a", "host")
	found := s.put(r)
	for hit, want := range []int{0, 1, 1} {
		s.Learn(r, []byte(found.Value.Key), found)
		if got := s.Leads(); got != want {
			t.Errorf("%d hits: %d leads, want %d", hit+1, got, want)
		}
	}
}

// A lead ends with its response, however that leaves.
func TestLeadEndsWithItsResponse(t *testing.T) {
	for name, leave := range map[string]func(*shelf, *http.Request){
		"deleted":  func(s *shelf, r *http.Request) { _ = s.values.Delete(s.t.Context(), s.key(r)) },
		"replaced": func(s *shelf, r *http.Request) { s.put(r) },
		"evicted": func(s *shelf, _ *http.Request) {
			for i := range 20 {
				s.put(ask(fmt.Sprint("/other/", i), "host"))
			}
		},
		"closed": func(s *shelf, _ *http.Request) { _ = s.store.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			s := newShelf(t, &memory.Options{MaxEntries: 4})
			r := ask("/a", "host")
			s.learn(r, s.put(r))
			if s.finds(r) == nil || s.Leads() != 1 {
				t.Fatal("there is no lead")
			}
			leave(s, r)
			if s.finds(r) != nil || s.Leads() != 0 || len(s.leads.selections) != 0 {
				t.Errorf("%d leads and %d selections are left", s.Leads(), len(s.leads.selections))
			}
		})
	}
}

// The clock of the store gives a response that is used by its lead a second chance, and the
// note with it.
func TestLeadIsUse(t *testing.T) {
	s := newShelf(t, &memory.Options{MaxEntries: 8})
	plain, varies := ask("/plain", "host"), ask("/varies", "host", "A", "1")
	s.learn(plain, s.put(plain))
	found := s.put(varies, "A")
	s.note(varies, []string{"A"}, found.Value.Key)
	s.learn(varies, found)
	for i := range 100 {
		if s.Find(plain, time.Now()) == nil || s.Find(varies, time.Now()) == nil {
			t.Fatalf("after %d others, what was used is not found by its lead", i)
		}
		s.put(ask(fmt.Sprint("/other/", i), "host"))
	}
	if n := s.store.Stats().Evicted; n < 90 {
		t.Errorf("%d were evicted: the store was not full", n)
	}
}

// When the note beside a variant names other fields, or does not list the variant any more,
// requests do not find it by the note. Nor do they by its lead.
func TestLeadEndsWithItsNote(t *testing.T) {
	for name, tt := range map[string]struct {
		next func(s *shelf, r *http.Request, key string)
		led  bool
	}{
		"same":         {func(s *shelf, r *http.Request, key string) { s.note(r, []string{"A"}, "x", key, "y") }, true},
		"twice":        {func(s *shelf, r *http.Request, key string) { s.note(r, []string{"A"}, key); s.note(r, []string{"A"}) }, false},
		"other fields": {func(s *shelf, r *http.Request, key string) { s.note(r, []string{"A", "B"}, "x", key, "y") }, false},
		"not listed":   {func(s *shelf, r *http.Request, key string) { s.note(r, []string{"A"}, "x", "y") }, false},
		"a response":   {func(s *shelf, r *http.Request, _ string) { s.put(r) }, false},
		"deleted":      {func(s *shelf, r *http.Request, _ string) { _ = s.values.Delete(s.t.Context(), s.key(r)) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShelf(t, nil)
			r := ask("/a", "host", "A", "1")
			found := s.put(r, "A")
			key := found.Value.Key
			s.learn(r, found)
			if s.Leads() != 0 {
				t.Error("there is a lead without a note")
			}
			s.note(r, []string{"A"}, "x", key, "y")
			s.learn(r, found)
			if s.Leads() != 1 {
				t.Fatalf("%d leads, want 1", s.Leads())
			}
			tt.next(s, r, key)
			if got := s.finds(r) != nil; got != tt.led {
				t.Errorf("led: %v, want %v", got, tt.led)
			}
			if !tt.led {
				s.note(r, []string{"A"}, key)
				s.learn(r, found)
				if s.Leads() != 0 {
					t.Error("what had a lead has one again")
				}
			}
		})
	}
}

// Many variants of one URL are found, and those of others beside them.
func TestLeadsOfManyVariants(t *testing.T) {
	s := newShelf(t, nil)
	const n = 100
	var keys []string
	var founds []*engine.Stored[*stored.Response]
	for i := range n {
		found := s.put(ask("/a", "host", "A", fmt.Sprint(i)), "A")
		founds, keys = append(founds, found), append(keys, found.Value.Key)
	}
	s.note(ask("/a", "host"), []string{"A"}, keys...)
	for i, found := range founds {
		r := ask("/a", "host", "A", fmt.Sprint(i))
		s.learn(r, found)
		other := ask(fmt.Sprint("/", i), "host")
		s.learn(other, s.put(other))
	}
	for i, found := range founds {
		if got := s.finds(ask("/a", "host", "A", fmt.Sprint(i))); got != found.Value {
			t.Errorf("variant %d: got %v", i, got)
		}
		if s.finds(ask(fmt.Sprint("/", i), "host")) == nil {
			t.Errorf("page %d is not found", i)
		}
	}
	if got := s.Leads(); got != 2*n {
		t.Errorf("%d leads, want %d", got, 2*n)
	}
}

// However many values requests send, no more than a number of them are kept.
func TestSelectionsAreBounded(t *testing.T) {
	s := newShelf(t, nil)
	for i := range maxSelections + 10 {
		s.leads.share(selection{by: 1, lines: [maxSelecting]string{fmt.Sprint(i)}})
	}
	if n := len(s.leads.selections); n != maxSelections {
		t.Errorf("%d selections, want %d", n, maxSelections)
	}
	if s.leads.share(selection{lines: [maxSelecting]string{strings.Repeat("x", maxLine+1)}}) != nil {
		t.Error("a long value is kept")
	}
}

// Readers, new responses, evictions and notes at once. What is found was stored for that
// very request, and in the end the table has what is stored and nothing else.
func TestLeadsRace(t *testing.T) {
	s := newShelf(t, &memory.Options{MaxEntries: 60})
	const pages = 100
	request := func(n int) *http.Request { return ask(fmt.Sprint("/", n/2), "host", "A", fmt.Sprint(n%2)) }
	var users sync.WaitGroup
	for i := range 4 {
		users.Go(func() {
			dice := rand.New(rand.NewPCG(uint64(i), 1))
			for range 4000 {
				n := dice.IntN(pages)
				r, vary := request(n), []string{"A"}
				if n < pages/2 {
					r, vary = ask(fmt.Sprint("/plain", n), "host"), nil
				}
				if found := s.Find(r, time.Now()); found != nil {
					if found.Value.Key != s.key(r, vary...) {
						t.Errorf("%s: found %s", r.URL, found.Value.Key)
					}
					if dice.IntN(4) > 0 {
						continue
					}
				}
				key := s.key(r, vary...)
				found := s.values.AtHand([]byte(key))
				if found == nil || dice.IntN(20) == 0 {
					if found = s.put(r, vary...); found == nil {
						continue
					}
				}
				if vary != nil && dice.IntN(4) == 0 {
					if dice.IntN(4) == 0 {
						vary = []string{"A", "B"}
					}
					s.note(r, vary, key)
				}
				s.learn(r, found)
			}
		})
	}
	users.Wait()
	led := 0
	for n := range pages {
		for _, key := range []string{s.key(request(n), "A"), s.key(ask(fmt.Sprint("/plain", n), "host"))} {
			if x := s.values.AtHand([]byte(key)); x != nil {
				p := x.Value
				if f := (p.Lead.Form); p.Marks.Has(stored.IsLed) && f != 0 {
					led++
				}
			}
		}
	}
	if got := s.Leads(); got > led || got == 0 {
		t.Errorf("%d leads, and %d stored responses that may have one", got, led)
	}
	uses := 0
	for _, x := range s.leads.selections {
		uses += x.Users
	}
	if uses != s.Leads() {
		t.Errorf("%d uses of selections, want %d", uses, s.Leads())
	}
	_ = s.store.Close()
	if s.Leads() != 0 || len(s.leads.selections) != 0 {
		t.Errorf("%d leads and %d selections are left", s.Leads(), len(s.leads.selections))
	}
}
