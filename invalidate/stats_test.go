package invalidate_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/internal/invtest"
)

// slow is a Purger that takes a second.
type slow struct{ err error }

func (p *slow) Purge(context.Context, cache.Event) error {
	time.Sleep(time.Second)
	return p.err
}

var post = &Post{Slug: "a"}

// The time from a save to its purge begins when COMMIT has returned.
func TestSaveToPurge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &slow{}
		inv := newBlog(p, nil)
		want := func(when string, n uint64, sum time.Duration) {
			t.Helper()
			if s := inv.Stats(); s.SaveToPurge.Count != n || s.SaveToPurge.Sum != sum {
				t.Errorf("%s: %d saves, %v; want %d, %v", when, s.SaveToPurge.Count, s.SaveToPurge.Sum, n, sum)
			}
		}
		if err := inv.Invalidate(t.Context(), post); err != nil {
			t.Fatal(err)
		}
		want("without a transaction", 1, time.Second)

		db, d := newDB(t, new(invtest.Trace))
		save := func(ctx context.Context, _ *sql.Tx) error {
			err := inv.Invalidate(ctx, post)
			time.Sleep(time.Minute) // before COMMIT: nobody sees the save yet
			return err
		}
		if err := inv.InTx(t.Context(), db, nil, save); err != nil {
			t.Fatal(err)
		}
		want("in a transaction", 2, 2*time.Second)

		d.Fail["COMMIT"] = errors.New("connection lost")
		if err := inv.InTx(t.Context(), db, nil, save); !errors.Is(err, invalidate.ErrCommitUnknown) {
			t.Fatal(err)
		}
		want("after a COMMIT that did not say", 2, 2*time.Second)
		if got := inv.Stats().Purged; got != 3 {
			t.Errorf("%d purged, want 3: also where COMMIT did not say", got)
		}
	})
}

// A purge that fails counts from the COMMIT when a later Flush makes it.
func TestSaveToPurgeOfALaterFlush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &slow{err: errors.New("refused")}
		inv := newBlog(p, nil)
		ctx, batch := invalidate.WithBatch(t.Context())
		if err := inv.Invalidate(ctx, post); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour) // the transaction
		if err := batch.Flush(ctx); err == nil {
			t.Fatal("Flush returned nil, though the Purger has failed")
		}
		time.Sleep(time.Minute)
		p.err = nil
		if err := batch.Flush(ctx); err != nil {
			t.Fatal(err)
		}
		s := inv.Stats()
		if want := time.Minute + 2*time.Second; s.SaveToPurge.Count != 1 || s.SaveToPurge.Sum != want {
			t.Errorf("%d saves, %v; want 1, %v", s.SaveToPurge.Count, s.SaveToPurge.Sum, want)
		}
		if s.Failed != 1 || s.Purged != 1 || s.Kept != 0 {
			t.Errorf("%+v, want one failed and one purged", s)
		}
	})
}

// What fails and is kept is counted, and so are repeats.
func TestStatsOfFailuresAndRepeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPurger()
		box := newOutbox(t, p.Trace)
		inv := newBlog(p, &invalidate.Options{Outbox: box})
		p.err = errors.New("refused")
		if err := inv.Invalidate(t.Context(), post); !errors.Is(err, invalidate.ErrKept) {
			t.Fatal(err)
		}
		box.keep = errors.New("no database")
		if err := inv.Invalidate(t.Context(), post); err == nil || errors.Is(err, invalidate.ErrKept) {
			t.Fatal(err)
		}
		if s := inv.Stats(); s.Purged != 0 || s.Failed != 2 || s.Kept != 1 || s.SaveToPurge.Count != 0 {
			t.Errorf("%+v, want 2 failed, one of them kept", s)
		}

		l := newTimeline()
		l.fail = func(n int) error {
			if n == 2 {
				return errors.New("refused")
			}
			return nil
		}
		again := newBlog(l, &invalidate.Options{Repeat: []time.Duration{time.Second, time.Minute}})
		defer again.Close()
		if err := again.Invalidate(t.Context(), post); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if s := again.Stats(); s.Purged != 1 || s.Repeated != 1 || s.Failed != 1 || s.SaveToPurge.Count != 1 {
			t.Errorf("%+v, want one purged, one repeat, and one that failed", s)
		}
	})
}

// What is logged, and at which level.
func TestSlogObserver(t *testing.T) {
	var out bytes.Buffer
	observe := invalidate.SlogObserver(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{
		Level: slog.LevelDebug,
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	})))
	e := cache.Event{
		Dependencies: []cache.Dependency{cache.Group("author:ada"), cache.Path("/a/"), cache.Path("/b/"), cache.Path("/c/")},
		Reason:       "blog.Post 42 saved",
	}
	failed := &invalidate.PurgeError{Event: e, Models: []string{"blog.Post"}, Err: errors.New("refused")}
	kept := &invalidate.PurgeError{Event: e, Models: []string{"blog.Post"}, Err: errors.New("refused"), Kept: true}
	observe(invalidate.Observation{Event: e, Models: []string{"blog.Post"}, Duration: time.Millisecond})
	observe(invalidate.Observation{Event: cache.Event{Soft: true}, Repeat: 1})
	observe(invalidate.Observation{Err: failed})
	observe(invalidate.Observation{Err: kept})
	observe(invalidate.Observation{Err: failed, Repeat: 2})
	observe(invalidate.Observation{Err: fmt.Errorf("%w: why", invalidate.ErrUnnamed)})
	const text = `"invalidate: blog.Post: purge group author:ada, /a/, /b/ and 1 more: refused`
	want := `level=INFO msg="invalidate: purged" purge="group author:ada, /a/, /b/ and 1 more" reason="blog.Post 42 saved" models=blog.Post duration=1ms
level=DEBUG msg="invalidate: purged again" soft=true repeat=1
level=ERROR msg="invalidate: a purge failed; old pages may be served" error=` + text + `"
level=WARN msg="invalidate: a purge failed and is kept in the outbox" error=` + text + `; it is kept in the outbox"
level=WARN msg="invalidate: a repeated purge failed" repeat=2 error=` + text + `"
level=WARN msg="invalidate: a row as it was could not be named" error="` + invalidate.ErrUnnamed.Error() + `: why"
`
	if got := out.String(); got != want {
		t.Errorf("logged\n%swant\n%s", got, want)
	}
}

func TestSlogObserverOfNil(t *testing.T) {
	defer func() {
		if p := recover(); !strings.HasPrefix(fmt.Sprint(p), "invalidate: SlogObserver") {
			t.Errorf("panic: %v", p)
		}
	}()
	invalidate.SlogObserver(nil)
}
