package pagecache_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/pagecache"
)

// distant is a backend that is some way off.
type distant struct {
	cache.Backend
	trip time.Duration
}

func (d distant) Get(ctx context.Context, key string) ([]byte, bool, error) {
	time.Sleep(d.trip)
	return d.Backend.Get(ctx, key)
}

func (d distant) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	time.Sleep(d.trip)
	return d.Backend.Set(ctx, key, value, ttl)
}

func (d distant) Delete(ctx context.Context, keys ...string) error {
	time.Sleep(d.trip)
	return d.Backend.Delete(ctx, keys...)
}

// Visitors whose pages differ do not queue behind one another's trips to the store.
func TestManyVariantsAtOnce(t *testing.T) {
	for name, vary := range map[string]func(i int) string{
		"by one field":    func(int) string { return "X-Visitor" },
		"by other fields": func(i int) string { return fmt.Sprint("X-Visitor, X-", i%10) },
		"by one or two":   func(i int) string { return []string{"X-Visitor", "X-Visitor, Origin"}[i%2] },
		"by more than fit": func(i int) string {
			return "X-Visitor, X-" + strings.Join(strings.Split("abcdefghijkl", "")[:10], fmt.Sprint(i%3, ", X-"))
		},
	} {
		for _, visitors := range []int{2, 100, 300} {
			t.Run(fmt.Sprint(name, " ", visitors), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					const trip = 35 * time.Millisecond
					m := memory.New(nil)
					defer m.Close()
					s := newSite(t, distant{m, trip}, nil, func(w http.ResponseWriter, r *http.Request) {
						var i int
						_, _ = fmt.Sscan(r.Header.Get("X-Visitor"), &i)
						w.Header().Set("Vary", vary(i))
						_, _ = io.WriteString(w, r.Header.Get("X-Visitor"))
					})
					for range 2 { // when nothing is known, and when the fields are
						start := time.Now()
						var wg sync.WaitGroup
						for i := range visitors {
							wg.Go(func() {
								if got := body(t, s.get("/", fmt.Sprint("X-Visitor: ", i))); got != fmt.Sprint(i) {
									t.Errorf("visitor %d got the page of %s", i, got)
								}
							})
						}
						wg.Wait()
						if d := time.Since(start); d > 16*trip {
							t.Errorf("the last of %d visitors waited for %v, that is %d trips", visitors, d, d/trip)
						}
						s.purge(cache.All)
					}
				})
			})
		}
	}
}

// The variants of one URL stay bounded, however many visitors come at once, and to
// however many processes.
func TestVariantsStayBoundedWhenManyComeAtOnce(t *testing.T) {
	for _, processes := range []int{1, 2, 5} {
		t.Run(fmt.Sprint(processes, " processes"), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const bound = 8
				m := memory.New(nil)
				defer m.Close()
				var sites []*site
				for range processes {
					sites = append(sites, newSite(t, distant{far{m}, 5 * time.Millisecond}, &pagecache.Options{TTL: time.Hour, MaxVariants: bound}, func(w http.ResponseWriter, r *http.Request) {
						w.Header().Set("Vary", "X-Visitor")
						_, _ = io.WriteString(w, r.Header.Get("X-Visitor"))
					}))
				}
				n := 0
				visit := func(s *site) {
					n++
					visitor := fmt.Sprint(n)
					r := httptest.NewRequest("GET", "/", nil)
					r.Header.Set("X-Visitor", visitor)
					w := httptest.NewRecorder()
					s.ServeHTTP(w, r)
					if got := w.Body.String(); got != visitor {
						t.Errorf("visitor %s got the page of %s", visitor, got)
					}
				}
				var mu sync.Mutex
				for range 30 {
					var wg sync.WaitGroup
					for i := range 20 * processes {
						mu.Lock()
						n++
						visitor := fmt.Sprint(n)
						mu.Unlock()
						wg.Go(func() {
							time.Sleep(time.Duration(i%7) * time.Millisecond)
							if got := body(t, sites[i%processes].get("/", "X-Visitor: "+visitor)); got != visitor {
								t.Errorf("visitor %s got the page of %s", visitor, got)
							}
						})
					}
					wg.Wait()
				}
				for range 2 { // when it is quiet, each process takes care of its own
					for _, s := range sites {
						visit(s)
					}
				}
				if got := m.Stats().Entries; got > bound+1 {
					t.Errorf("%d entries, want %d variants and a note at most", got, bound)
				}
			})
		})
	}
}

// A store that fails stores nothing, and holds up nobody.
func TestVariantsAndAStoreThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory.New(nil)
		defer m.Close()
		b := &failing{Backend: far{m}}
		s := newSite(t, b, nil, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Vary", "X-Visitor")
			_, _ = io.WriteString(w, r.Header.Get("X-Visitor"))
		})
		for _, op := range []string{"get", "set", "delete", ""} {
			b.op.Store(op)
			var wg sync.WaitGroup
			for i := range 50 {
				wg.Go(func() {
					if got := body(t, s.get("/", fmt.Sprint("X-Visitor: ", op, i))); got != fmt.Sprint(op, i) {
						t.Errorf("%q fails: visitor %d got %q", op, i, got)
					}
				})
			}
			wg.Wait()
		}
		wantStatus(t, s.get("/", "X-Visitor: 49"), "when it works again", "uncache; hit")
	})
}

// failing is a backend with one operation that fails.
type failing struct {
	cache.Backend
	op atomic.Value
}

func (f *failing) fails(op string) error {
	if f.op.Load() == op {
		return errors.New("refused")
	}
	return nil
}

func (f *failing) Get(ctx context.Context, key string) ([]byte, bool, error) {
	if err := f.fails("get"); err != nil {
		return nil, false, err
	}
	return f.Backend.Get(ctx, key)
}

func (f *failing) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := f.fails("set"); err != nil {
		return err
	}
	return f.Backend.Set(ctx, key, value, ttl)
}

func (f *failing) Delete(ctx context.Context, keys ...string) error {
	if err := f.fails("delete"); err != nil {
		return err
	}
	return f.Backend.Delete(ctx, keys...)
}
