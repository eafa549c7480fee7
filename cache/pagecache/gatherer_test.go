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
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/pagecache"
)

// A slowLog takes its time to append, fails or panics, and keeps what it was given.
type slowLog struct {
	cache.Backend
	before func(ctx context.Context, n int) error // n counts from 1

	mu     sync.Mutex
	events []cache.Event
}

func (l *slowLog) Append(ctx context.Context, e cache.Event) (cache.Position, error) {
	l.mu.Lock()
	l.events = append(l.events, e)
	n := len(l.events)
	l.mu.Unlock()
	if l.before != nil {
		if err := l.before(ctx, n); err != nil {
			return 0, err
		}
	}
	return l.Backend.Append(ctx, e)
}

func (l *slowLog) appended() []cache.Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.events
}

// unsafeSite is a site over a slowLog, and what its Observe is told of purges.
type unsafeSite struct {
	*site
	log *slowLog

	mu     sync.Mutex
	failed []error
}

func newUnsafeSite(t *testing.T, before func(ctx context.Context, n int) error, change ...func(*pagecache.Options)) *unsafeSite {
	s := &unsafeSite{log: &slowLog{Backend: newMemory(t), before: before}}
	opts := &pagecache.Options{TTL: time.Hour, PurgeTimeout: 5 * time.Second, Observe: func(_ *http.Request, o pagecache.Observation) {
		if o.Err != nil {
			s.mu.Lock()
			s.failed = append(s.failed, o.Err)
			s.mu.Unlock()
		}
	}}
	for _, f := range change {
		f(opts)
	}
	s.site = newSite(t, s.log, opts, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "page") })
	return s
}

// post sends a POST to each of targets at once, and returns how long each took.
func (s *unsafeSite) post(ctx context.Context, targets ...string) []time.Duration {
	took := make([]time.Duration, len(targets))
	var all sync.WaitGroup
	for i, target := range targets {
		all.Go(func() {
			began := time.Now()
			s.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, http.MethodPost, target, nil))
			took[i] = time.Since(began)
		})
	}
	all.Wait()
	return took
}

func numbered(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprint("/", i)
	}
	return all
}

// takes is a log far away.
func takes(d time.Duration) func(context.Context, int) error {
	return func(context.Context, int) error { time.Sleep(d); return nil }
}

func TestOneUnsafeRequestWaitsForNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newUnsafeSite(t, takes(10*time.Millisecond))
		for range 3 {
			if took := s.post(t.Context(), "/a")[0]; took != 10*time.Millisecond {
				t.Errorf("took %v, want what the append takes", took)
			}
		}
		if n := len(s.log.appended()); n != 3 {
			t.Errorf("%d appends, want 3", n)
		}
	})
}

// Those that come while an append is under way share the next one, and each of them
// purges what it was sent to before it is answered.
func TestUnsafeRequestsShareAnAppend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newUnsafeSite(t, takes(10*time.Millisecond))
		all := numbered(100)
		for _, target := range all {
			s.get(target)
		}
		took := s.post(t.Context(), all...)
		events := s.log.appended()
		if len(events) != 2 {
			t.Errorf("%d appends for 100 requests at once, want 2", len(events))
		}
		for i, d := range took {
			if d != 10*time.Millisecond && d != 20*time.Millisecond {
				t.Errorf("request %d took %v, want one or two appends", i, d)
			}
		}
		for _, target := range all {
			wantStatus(t, s.get(target), target, "uncache; fwd=miss")
		}
		last := events[len(events)-1]
		if !strings.Contains(last.Reason, "99 unsafe requests: POST ") || len(last.Reason) > cache.MaxNote {
			t.Errorf("the reason is %q", last.Reason)
		}
	})
}

// The error of an append is that of all who share it.
func TestSharedAppendFails(t *testing.T) {
	for name, fails := range map[string]func() error{
		"an error": func() error { return errors.New("full") },
		"a panic":  func() error { panic("full") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newUnsafeSite(t, func(_ context.Context, n int) error {
					time.Sleep(10 * time.Millisecond)
					if n == 2 {
						return fails()
					}
					return nil
				})
				s.post(t.Context(), numbered(10)...)
				if len(s.failed) != 9 {
					t.Errorf("Observe was told of %d purges that failed, want 9", len(s.failed))
				}
				for _, err := range s.failed {
					if !strings.Contains(err.Error(), "full") {
						t.Errorf("got %v, want the error of the log", err)
					}
				}
				s.post(t.Context(), "/afterwards")
				if n := len(s.log.appended()); n != 3 {
					t.Errorf("%d appends, want 3", n)
				}
			})
		})
	}
}

// An append that hangs does not hold up the others, and fails by itself.
func TestUnsafeRequestsBesideAnAppendThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newUnsafeSite(t, func(ctx context.Context, n int) error {
			if n == 1 {
				<-ctx.Done()
			}
			return ctx.Err()
		})
		first := make(chan struct{})
		go func() {
			defer close(first)
			if took := s.post(t.Context(), "/first")[0]; took != 5*time.Second {
				t.Errorf("the first took %v, want PurgeTimeout", took)
			}
		}()
		synctest.Wait()
		for _, d := range s.post(t.Context(), numbered(50)...) {
			if d > 20*time.Millisecond {
				t.Errorf("another took %v, want 20 ms at most", d)
			}
		}
		<-first
		if n := len(s.log.appended()); n != 2 || len(s.failed) != 1 {
			t.Errorf("%d appends and %d failures, want 2 and 1", n, len(s.failed))
		}
	})
}

// A PurgeTimeout that is shorter than others may wait leaves time for the purge.
func TestShortPurgeTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newUnsafeSite(t, func(ctx context.Context, n int) error {
			if n == 1 {
				<-ctx.Done()
			}
			return ctx.Err()
		}, func(o *pagecache.Options) { o.PurgeTimeout = 8 * time.Millisecond })
		first := make(chan struct{})
		go func() { defer close(first); s.post(t.Context(), "/first") }()
		synctest.Wait()
		s.post(t.Context(), numbered(50)...)
		<-first
		if len(s.failed) != 1 {
			t.Errorf("%d purges failed, want that of the first", len(s.failed))
		}
	})
}

// A client that goes away takes nothing from others that share its append.
func TestUnsafeRequestThatIsCancelledWhileItShares(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		s := newUnsafeSite(t, func(ctx context.Context, n int) error {
			time.Sleep(10 * time.Millisecond)
			if n == 2 && ctx.Value(key{}) != nil {
				t.Error("what several share has the context of one of them")
			}
			return ctx.Err()
		})
		ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "one of them"))
		var all sync.WaitGroup
		all.Go(func() { s.post(ctx, "/first") })
		synctest.Wait()
		all.Go(func() { s.post(ctx, "/leads") })
		synctest.Wait()
		all.Go(func() { s.post(t.Context(), numbered(5)...) })
		synctest.Wait()
		cancel()
		all.Wait()
		if n := len(s.log.appended()); n != 2 || len(s.failed) != 0 {
			t.Errorf("%d appends, %v failed; want 2, and none", n, s.failed)
		}
		for _, target := range append(numbered(5), "/first", "/leads") {
			found := false
			for _, e := range s.log.appended() {
				for _, d := range e.Dependencies {
					found = found || d == cache.URI("example.com"+target)
				}
			}
			if !found {
				t.Errorf("%s was not purged", target)
			}
		}
	})
}
