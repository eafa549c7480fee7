package enthook_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/enthook"
	"github.com/uncache/uncache/invalidate/enthook/internal/enttest/gen"
)

func TestNewPanics(t *testing.T) {
	inv := invalidate.New(invalidate.PurgerFunc(func(context.Context, cache.Event) error { return nil }), nil)
	drv := dialect.NopTx(nil).(dialect.Driver)
	failed := func(context.Context, error) {}
	for want, f := range map[string]func(){
		"enthook: New: the driver is nil":          func() { enthook.New(nil, inv, &enthook.Options{Failed: failed}) },
		"enthook: New: the Invalidator is nil":     func() { enthook.New(drv, nil, &enthook.Options{Failed: failed}) },
		"enthook: Options.Failed: it is nil":       func() { enthook.New(drv, inv, nil) },
		"enthook: Options.MaxRows: -1 is negative": func() { enthook.New(drv, inv, &enthook.Options{Failed: failed, MaxRows: -1}) },
		`enthook: Options.Ignore["Post"]: [""] has an empty name`: func() {
			enthook.New(drv, inv, &enthook.Options{Failed: failed, Ignore: map[string][]string{"Post": {""}}})
		},
		"enthook: Load: *gen.PostMutation has a load function already": func() {
			d := enthook.New(drv, inv, &enthook.Options{Failed: failed})
			for range 2 {
				enthook.Load(d, func(context.Context, *gen.PostMutation, []int) ([]any, error) { return nil, nil })
			}
		},
	} {
		t.Run(want, func(t *testing.T) {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.HasPrefix(got, want) {
					t.Errorf("panic: got %q, want it to say %q", got, want)
				}
			}()
			f()
		})
	}
}

// A hook without its Driver would purge before COMMIT, so the first save is an error.
func TestAnotherDriver(t *testing.T) {
	b := newBlog(t, openSQLite(t), dialect.SQLite, enthook.Options{})
	other := gen.NewClient(gen.Driver(entsql.OpenDB(dialect.SQLite, b.db)))
	other.Use(b.drv.Hook)
	if err := other.Post.Create().SetSlug("a").Exec(t.Context()); err == nil || !strings.Contains(err.Error(), "not made with this Driver") {
		t.Errorf("Save: got %v, want it to name the mistake", err)
	}
	err := enthook.InTx(t.Context(), other.Tx, func(context.Context, *gen.Tx) error { return errors.New("ran") })
	if err == nil || !strings.Contains(err.Error(), "not made with a Driver") {
		t.Errorf("InTx: got %v, want it to name the mistake", err)
	}
	b.Want(t)
}

// lossy loses the connection when COMMIT was sent.
type lossy struct{ dialect.Driver }

type lossyTx struct {
	dialect.Tx
	invalidate.Execer
}

var errLost = errors.New("connection reset by peer")

func (l lossy) Tx(ctx context.Context) (dialect.Tx, error) {
	tx, err := l.Driver.Tx(ctx)
	if err != nil {
		return nil, err
	}
	return lossyTx{tx, tx.(invalidate.Execer)}, nil
}

func (l lossyTx) Commit() error { return errors.Join(l.Tx.Commit(), errLost) }

// Whether it has committed is not known. The pages are purged, the caller is told, and
// the outbox purges again.
func TestCommitUnknown(t *testing.T) {
	each(t, enthook.Options{}, func(t *testing.T, b *blog) {
		drv := enthook.New(lossy{entsql.OpenDB(b.drv.Dialect(), b.db)}, b.inv, &enthook.Options{
			Failed: func(_ context.Context, err error) { t.Errorf("Failed was told %v", err) },
		})
		c := gen.NewClient(gen.Driver(drv))
		c.Use(drv.Hook)
		for name, save := range map[string]func() error{
			"by itself": func() error { return c.Post.Create().SetSlug("a").Exec(t.Context()) },
			"Tx": func() error {
				tx := must(c.Tx(t.Context()))
				tx.Post.Create().SetSlug("b").SaveX(t.Context())
				return tx.Commit()
			},
			"InTx": func() error {
				return enthook.InTx(t.Context(), c.Tx, func(ctx context.Context, tx *gen.Tx) error {
					return tx.Post.Create().SetSlug("c").Exec(ctx)
				})
			},
		} {
			if err := save(); !errors.Is(err, invalidate.ErrCommitUnknown) || !errors.Is(err, errLost) {
				t.Errorf("%s: got %v, want ErrCommitUnknown because of %v", name, err, errLost)
			}
			if len(b.Purged) != 1 {
				t.Errorf("%s: purged %q, want the post", name, b.Purged)
			}
			b.Purged = nil
		}
		b.outbox.WantRows(t, 3)
		if len(b.outbox.Purges) > 0 {
			t.Errorf("the outbox was told that %v are purged: the relay is to do it again", b.outbox.Purges)
		}
	})
}

// An OnCommit hook that refuses to commit leaves no connection behind.
func TestOnCommitRefuses(t *testing.T) {
	each(t, enthook.Options{}, func(t *testing.T, b *blog) {
		refused := errors.New("refused")
		err := enthook.InTx(t.Context(), b.Tx, func(ctx context.Context, tx *gen.Tx) error {
			tx.OnCommit(func(gen.Committer) gen.Committer {
				return gen.CommitFunc(func(context.Context, *gen.Tx) error { return refused })
			})
			return tx.Post.Create().SetSlug("a").Exec(ctx)
		})
		if !errors.Is(err, refused) {
			t.Errorf("got %v, want %v", err, refused)
		}
		if n := b.Post.Query().CountX(t.Context()); n != 0 { // would wait forever
			t.Errorf("saved %d posts, want none", n)
		}
	})
}
