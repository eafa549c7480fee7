package invalidate_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/internal/invtest"
)

// A timeline is a Purger that records when it was called and with what, and the Observe
// of an Invalidator.
type timeline struct {
	began time.Time

	mu       sync.Mutex
	fail     func(n int) error // by the number of the call, from 1
	calls    int
	purged   []string
	observed []invalidate.Observation
}

func newTimeline() *timeline { return &timeline{began: time.Now()} }

func (l *timeline) Purge(_ context.Context, e cache.Event) error {
	l.mu.Lock()
	l.calls++
	n, fail := l.calls, l.fail
	l.purged = append(l.purged, fmt.Sprint(time.Since(l.began)))
	l.mu.Unlock()
	if fail != nil {
		return fail(n)
	}
	return nil
}

func (l *timeline) observe(o invalidate.Observation) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.observed = append(l.observed, o)
}

// want fails unless these purges were made at these times, and no others.
func (l *timeline) want(t *testing.T, at ...string) {
	t.Helper()
	synctest.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	if !slices.Equal(l.purged, at) {
		t.Errorf("purged at %v, want %v", l.purged, at)
	}
}

// dropped returns how many dropped repeats Observe was told of.
func (l *timeline) dropped() (n int) {
	synctest.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, o := range l.observed {
		if errors.Is(o.Err, invalidate.ErrRepeatDropped) && o.Repeat > 0 {
			n++
		}
	}
	return n
}

var fiveAndSixty = []time.Duration{5 * time.Second, time.Minute}

// repeating returns an Invalidator of posts that purges again.
func repeating(l *timeline, change func(*invalidate.Options)) *invalidate.Invalidator {
	opts := invalidate.Options{Repeat: fiveAndSixty, Observe: l.observe}
	if change != nil {
		change(&opts)
	}
	return newBlog(l, &opts)
}

func TestRepeatByTimers(t *testing.T) {
	for name, save := range map[string]func(t *testing.T, inv *invalidate.Invalidator) error{
		"Invalidate": func(t *testing.T, inv *invalidate.Invalidator) error {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel() // the request has ended long before
			return inv.Invalidate(ctx, &Post{Slug: "a"})
		},
		"InTx": func(t *testing.T, inv *invalidate.Invalidator) error {
			db, _ := newDB(t, new(invtest.Trace))
			return inv.InTx(t.Context(), db, nil, func(ctx context.Context, _ *sql.Tx) error {
				return inv.Invalidate(ctx, &Post{Slug: "a"})
			})
		},
		"Flush": func(t *testing.T, inv *invalidate.Invalidator) error {
			ctx, batch := invalidate.WithBatch(t.Context())
			return errors.Join(inv.Invalidate(ctx, &Post{Slug: "a"}), batch.Flush(ctx))
		},
		"FlushUnknown": func(t *testing.T, inv *invalidate.Invalidator) error {
			ctx, batch := invalidate.WithBatch(t.Context())
			return errors.Join(inv.Invalidate(ctx, &Post{Slug: "a"}), batch.FlushUnknown(ctx))
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newTimeline()
				inv := repeating(l, nil)
				if err := save(t, inv); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Hour)
				l.want(t, "0s", "5s", "1m0s")
				for i, o := range l.observed {
					if o.Repeat != i || o.Err != nil || len(o.Event.Dependencies) != 2 {
						t.Errorf("observed %+v, want repeat %d", o, i)
					}
				}
				if got := l.observed[1].Event.Reason; got != l.observed[0].Event.Reason+" (again after 5s)" {
					t.Errorf("the reason is %q", got)
				}
				if err := inv.Close(); err != nil || l.dropped() != 0 {
					t.Errorf("Close: %v, dropped %d", err, l.dropped())
				}
			})
		})
	}
}

// The durations count from the purge that succeeded.
func TestRepeatAfterAPurgeThatFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newTimeline()
		l.fail = func(n int) error {
			if n == 1 {
				return errors.New("down")
			}
			return nil
		}
		inv := repeating(l, nil)
		defer inv.Close()
		ctx, batch := invalidate.WithBatch(t.Context())
		_ = inv.Invalidate(ctx, &Post{Slug: "a"})
		if err := batch.Flush(ctx); err == nil {
			t.Fatal("a purge that failed: no error")
		}
		time.Sleep(time.Hour)
		l.want(t, "0s")
		if err := batch.Flush(ctx); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		l.want(t, "0s", "1h0m0s", "1h0m5s", "1h1m0s")
	})
}

// Observe is told of a repeat that fails, panics or ends its goroutine, and the next
// one comes.
func TestRepeatFails(t *testing.T) {
	for name, fail := range map[string]func(){
		"an error": nil,
		"a panic":  func() { panic("a bug") },
		"an exit":  runtime.Goexit,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newTimeline()
				l.fail = func(n int) error {
					if n != 2 {
						return nil
					}
					if fail != nil {
						fail()
					}
					return errors.New("down")
				}
				inv := repeating(l, nil)
				if err := inv.Invalidate(t.Context(), &Post{Slug: "a"}); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Hour)
				l.want(t, "0s", "5s", "1m0s")
				var failed *invalidate.PurgeError
				if o := l.observed[1]; o.Repeat != 1 || !errors.As(o.Err, &failed) || !strings.Contains(o.Err.Error(), "again after 5s") {
					t.Errorf("observed %+v", o)
				}
				if err := inv.Close(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// An Observe that panics, or ends its goroutine, costs no repeat.
func TestObservePanicsAtARepeat(t *testing.T) {
	for _, fail := range []func(){func() { panic("a bug of Observe") }, runtime.Goexit} {
		synctest.Test(t, func(t *testing.T) {
			l := newTimeline()
			inv := repeating(l, func(o *invalidate.Options) {
				o.Observe = func(o invalidate.Observation) {
					if l.observe(o); o.Repeat > 0 {
						fail()
					}
				}
			})
			if err := inv.Invalidate(t.Context(), &Post{Slug: "a"}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Hour)
			l.want(t, "0s", "5s", "1m0s")
			if err := inv.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestRepeatOptionIsInvalid(t *testing.T) {
	for _, repeat := range [][]time.Duration{{0}, {-time.Second}, {time.Minute, time.Second}, {time.Second, time.Second}, {200 * time.Hour}, make([]time.Duration, 17)} {
		mustPanic(t, "invalidate: Options.Repeat: ", func() { newBlog(newPurger(), &invalidate.Options{Repeat: repeat}) })
	}
	repeat := []time.Duration{time.Second}
	synctest.Test(t, func(t *testing.T) {
		l := newTimeline()
		inv := repeating(l, func(o *invalidate.Options) { o.Repeat = repeat })
		repeat[0] = time.Hour // the slice is the caller's
		if err := inv.Invalidate(t.Context(), &Post{Slug: "a"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		l.want(t, "0s", "1s")
	})
}
