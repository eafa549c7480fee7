package coherent_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/internal/enginetest"
)

// waiting is a server that tells when its log has grown, as wait does.
type waiting struct {
	enginetest.Remote
	asked atomic.Int64
	wait  func(ctx context.Context, after cache.Position) error
}

func (w *waiting) Wait(ctx context.Context, after cache.Position) error {
	w.asked.Add(1)
	return w.wait(ctx, after)
}

// A process with a MaxStale sees a purge as soon as its log says that there is one,
// whatever wraps the log.
func TestLogWakesTheReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(t)
		w := &waiting{Remote: enginetest.Remote{Backend: m}}
		w.wait = func(ctx context.Context, after cache.Position) error {
			for ctx.Err() == nil && m.Head() <= after {
				time.Sleep(time.Millisecond)
			}
			return ctx.Err()
		}
		here := newCache(t, cache.Join(w, w), &coherent.Options{MaxStale: time.Hour})
		there := newCache(t, &w.Remote, nil)
		r := &row{v: 1}
		wantRow(t, here, r, 1, "a fill")
		for v := 2; v < 5; v++ {
			r.write(v)
			purge(t, there, group())
			time.Sleep(10 * time.Millisecond)
			wantRow(t, here, r, v, "10 ms after a purge by another process")
		}
	})
}

// A log that cannot wait is not asked again and again, and MaxStale holds.
func TestLogThatCannotWait(t *testing.T) {
	for name, tt := range map[string]struct {
		err  error
		most int64 // calls in a minute
	}{
		"never": {errors.ErrUnsupported, 1},
		"now":   {errors.New("connection refused"), 61},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &waiting{Remote: enginetest.Remote{Backend: newMemory(t)}}
				w.wait = func(context.Context, cache.Position) error { return tt.err }
				here := newCache(t, w, &coherent.Options{MaxStale: time.Second})
				there := newCache(t, &w.Remote, nil)
				r := &row{v: 1}
				wantRow(t, here, r, 1, "a fill")
				r.write(2)
				purge(t, there, group())
				time.Sleep(time.Second)
				wantRow(t, here, r, 2, "after MaxStale")
				time.Sleep(time.Minute)
				if n := w.asked.Load(); n > tt.most+1 {
					t.Errorf("asked %d times in a minute, want at most %d", n, tt.most+1)
				}
			})
		})
	}
}

// appending is a log in the database of the transactions that are begun here.
type appending struct {
	enginetest.Remote
	err error
}

func (a *appending) AppendTx(ctx context.Context, exec cache.Exec, e cache.Event) (bool, error) {
	if a.err != nil {
		return false, a.err
	}
	n, err := exec(ctx, "APPEND")
	if n == 0 || err != nil {
		return false, err
	}
	_, err = a.Append(ctx, e) // COMMIT is at once
	return err == nil, err
}

func TestPurgeTx(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(t)
		a := &appending{Remote: enginetest.Remote{Backend: m}}
		event := cache.Event{Dependencies: []cache.Dependency{group()}}
		here, elsewhere := answers(1), answers(0)
		for name, b := range map[string]cache.Backend{"the log": a, "joined": cache.Join(a, a)} {
			c := newCache(t, b, &coherent.Options{MaxStale: time.Hour, Origin: "here"})
			r := &row{v: 1}
			wantRow(t, c, r, 1, name)
			r.write(2)
			if then, err := c.PurgeTx(t.Context(), elsewhere, event); then != nil || err != nil {
				t.Errorf("%s: PurgeTx in another database: got %v, %v; want nil, nil", name, then != nil, err)
			}
			wantRow(t, c, r, 1, name+", not purged")
			then, err := c.PurgeTx(t.Context(), here, event)
			if then == nil || err != nil {
				t.Fatalf("%s: PurgeTx: got %v, %v; want what is left, nil", name, then != nil, err)
			}
			if err := then(t.Context()); err != nil {
				t.Error(err)
			}
			wantRow(t, c, r, 2, name+", purged")
			purge(t, c, group())
		}
		ev, err := m.Since(t.Context(), 0)
		if err != nil || len(ev.List) == 0 || ev.List[0].Origin != "here" {
			t.Errorf("the log has %+v, %v; want Options.Origin", ev.List, err)
		}

		a.err = errors.New("broken")
		c := newCache(t, a, nil)
		if then, err := c.PurgeTx(t.Context(), here, event); then != nil || !errors.Is(err, a.err) {
			t.Errorf("PurgeTx of a log that fails: got %v, %v", then != nil, err)
		}
		if then, err := newCache(t, cache.Join(m, m), nil).PurgeTx(t.Context(), here, event); then != nil || err != nil {
			t.Errorf("PurgeTx of a log that cannot: got %v, %v; want nil, nil", then != nil, err)
		}
	})
}

// answers returns a transaction in which statements find so many rows.
func answers(rows int64) cache.Exec {
	return func(context.Context, string, ...any) (int64, error) { return rows, nil }
}
