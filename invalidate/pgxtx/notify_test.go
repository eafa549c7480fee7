package pgxtx_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/internal/invtest"
	"github.com/uncache/uncache/invalidate/pgxtx"
)

// An error of the outbox and one of the notification reach the caller. A relay's Keep
// and Purged go to the outbox.
func TestNotify(t *testing.T) {
	tr := new(invtest.Trace)
	o := pgxtx.Notify(recorder{tr}, "c")
	for query, want := range map[string][]string{
		"":                           {"ENQUEUE", "SELECT pg_notify($1, '') c"},
		"ENQUEUE":                    {"ENQUEUE"},
		"SELECT pg_notify($1, '') c": {"ENQUEUE", "SELECT pg_notify($1, '') c"},
	} {
		failed := errors.New("failed")
		tx := &fakeTx{database: database{invtest.Script{Trace: tr, Fail: map[string]error{query: failed}}}}
		ids, err := o.Enqueue(t.Context(), pgxtx.Execer(tx), nil)
		if (query == "") != (err == nil) || (query == "") != (len(ids) == 1) || query != "" && !errors.Is(err, failed) {
			t.Errorf("%q fails: got %q, %v", query, ids, err)
		}
		tr.WantNext(t, want...)
	}
	if err := o.Keep(t.Context(), nil); err != nil {
		t.Error(err)
	}
	o.Purged(t.Context(), nil)
	tr.WantNext(t, "KEEP", "PURGED")
}

// Notify of a RepeatOutbox is one, too. Notify of another Outbox is none.
func TestNotifyRepeats(t *testing.T) {
	tr := new(invtest.Trace)
	if _, ok := pgxtx.Notify(recorder{tr}, "c").(invalidate.RepeatOutbox); ok {
		t.Error("an Outbox that does not repeat says that it does")
	}
	s := newServer(t)
	_, box := s.withOutbox(t, tr)
	inv := newBlog(tr, &invalidate.Options{Outbox: pgxtx.Notify(box, ""), Repeat: []time.Duration{time.Hour}})
	defer inv.Close()
	before, err := box.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	err = pgxtx.InTx(t.Context(), s, pgx.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
		return insert(ctx, tx, inv, "a")
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := inv.Invalidate(t.Context(), Post{"b"}); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		after, err := box.Stats(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if after.Repeats == before.Repeats+2 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d rows wait to be purged again, want 2", after.Repeats-before.Repeats)
		}
	}
}

// recorder is an Outbox that records.
type recorder struct{ *invtest.Trace }

func (r recorder) Enqueue(ctx context.Context, x invalidate.Execer, _ []cache.Event) ([]string, error) {
	_, err := x.ExecContext(ctx, "ENQUEUE")
	return []string{"#1"}, err
}

func (r recorder) Keep(context.Context, []cache.Event) error { r.Add("KEEP"); return nil }

func (r recorder) Purged(context.Context, []string) { r.Add("PURGED") }

// Without a name Notify and Listen use the same channel. PostgreSQL has no empty
// channel, and would refuse every save.
func TestDefaultChannel(t *testing.T) {
	s := newServer(t)
	w := newWoken()
	l, err := pgxtx.Listen(s.config, w.wake, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	w.wait(t, "it listens")
	tr := new(invtest.Trace)
	_, o := s.withOutbox(t, tr)
	inv := newBlog(tr, &invalidate.Options{Outbox: pgxtx.Notify(o, "")})
	if err := pgxtx.InTx(t.Context(), s, pgx.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
		return insert(ctx, tx, inv, "a")
	}); err != nil {
		t.Fatal(err)
	}
	w.wait(t, "a save notified")
}
