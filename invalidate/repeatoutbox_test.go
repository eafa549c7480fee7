package invalidate_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/internal/invtest"
)

// repeatOutbox is an outbox that purges again.
type repeatOutbox struct {
	*outbox
	held chan struct{} // if not nil, KeepRepeat waits for it
}

func (o *repeatOutbox) EnqueueRepeat(ctx context.Context, x invalidate.Execer, events []cache.Event, repeat []time.Duration) ([]string, error) {
	o.Add(fmt.Sprint("AGAIN ", repeat))
	return o.Enqueue(ctx, x, events)
}

func (o *repeatOutbox) KeepRepeat(ctx context.Context, events []cache.Event, repeat []time.Duration, purged bool) error {
	if o.held != nil {
		select {
		case <-o.held:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	o.Add(fmt.Sprint("AGAIN ", repeat, " purged ", purged))
	return o.Keep(ctx, events)
}

const postPages = "path:/blog/ path:/blog/a/"

// A RepeatOutbox makes the repeats, however the save was made.
func TestOutboxRepeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPurger()
		box := &repeatOutbox{outbox: newOutbox(t, p.Trace)}
		inv := newBlog(p, &invalidate.Options{Outbox: box, Repeat: fiveAndSixty})
		db, _ := newDB(t, p.Trace)
		err := inv.InTx(t.Context(), db, nil, func(ctx context.Context, _ *sql.Tx) error {
			return inv.Invalidate(ctx, &Post{Slug: "a"})
		})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour) // another process makes it
		if err := inv.Invalidate(t.Context(), &Post{Slug: "a"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		p.err = errors.New("down")
		if err := inv.Invalidate(t.Context(), &Post{Slug: "a"}); !errors.Is(err, invalidate.ErrKept) {
			t.Fatal(err)
		}
		if err := inv.Close(); err != nil {
			t.Error(err)
		}
		p.Want(t, "BEGIN", "AGAIN [5s 1m0s]", "ENQUEUE "+postPages, "COMMIT", "PURGE "+postPages, "PURGED #1",
			"PURGE "+postPages, "AGAIN [5s 1m0s] purged true", "KEEP "+postPages,
			"PURGE "+postPages, "AGAIN [5s 1m0s] purged false", "KEEP "+postPages)
	})
}

// Without Repeat the outbox is not asked for repeats.
func TestOutboxWithoutRepeat(t *testing.T) {
	p := newPurger()
	inv := newBlog(p, &invalidate.Options{Outbox: &repeatOutbox{outbox: newOutbox(t, p.Trace)}})
	if err := inv.Invalidate(t.Context(), &Post{Slug: "a"}); err != nil {
		t.Fatal(err)
	}
	p.Want(t, "PURGE "+postPages)
}

// A timer purges again what the outbox cannot keep: it cannot be reached, or knows no
// repeats.
func TestTimersIfOutboxDoesNotRepeat(t *testing.T) {
	for name, wrap := range map[string]func(o *outbox) invalidate.Outbox{
		"it is away":         func(o *outbox) invalidate.Outbox { o.keep = errors.New("away"); return &repeatOutbox{outbox: o} },
		"it hangs":           func(o *outbox) invalidate.Outbox { return &repeatOutbox{o, make(chan struct{})} },
		"it does not repeat": func(o *outbox) invalidate.Outbox { return o },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newTimeline()
				inv := repeating(l, func(o *invalidate.Options) { o.Outbox = wrap(newOutbox(t, new(invtest.Trace))) })
				if err := inv.Invalidate(t.Context(), &Post{Slug: "a"}); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Hour)
				l.want(t, "0s", "5s", "1m0s")
				told := 0
				for _, o := range l.observed {
					if o.Err != nil {
						told++
					}
				}
				if (told == 1) != (name != "it does not repeat") {
					t.Errorf("Observe heard %d times that the outbox does not repeat", told)
				}
				if err := inv.Close(); err != nil || l.dropped() != 0 {
					t.Errorf("Close: %v, dropped %d", err, l.dropped())
				}
			})
		})
	}
}

// A transaction with an outbox that does not repeat is purged again by timers.
func TestTimersAfterTransactionWithOutbox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newTimeline()
		inv := repeating(l, func(o *invalidate.Options) { o.Outbox = newOutbox(t, new(invtest.Trace)) })
		db, _ := newDB(t, new(invtest.Trace))
		err := inv.InTx(t.Context(), db, nil, func(ctx context.Context, _ *sql.Tx) error {
			return inv.Invalidate(ctx, &Post{Slug: "a"})
		})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		l.want(t, "0s", "5s", "1m0s")
		if err := inv.Close(); err != nil {
			t.Error(err)
		}
	})
}

// A save does not wait until the outbox has kept its repeats: it may hold the
// connection that the outbox waits for. Close does wait.
func TestSaveDoesNotWaitForRepeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPurger()
		held := make(chan struct{})
		inv := newBlog(p, &invalidate.Options{Outbox: &repeatOutbox{newOutbox(t, p.Trace), held}, Repeat: fiveAndSixty})
		began := time.Now()
		if err := inv.Invalidate(t.Context(), &Post{Slug: "a"}); err != nil || time.Since(began) > 0 {
			t.Errorf("Invalidate: %v, took %v", err, time.Since(began))
		}
		time.AfterFunc(time.Second, func() { close(held) })
		if err := inv.Close(); err != nil {
			t.Error(err)
		}
		p.Want(t, "PURGE "+postPages, "AGAIN [5s 1m0s] purged true", "KEEP "+postPages)
	})
}
