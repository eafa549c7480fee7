package bunhook_test

import (
	"context"
	"errors"
	"testing"

	"github.com/uptrace/bun"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/bunhook"
)

// A transaction that the application runs is purged after COMMIT, too.
func TestRunInTx(t *testing.T) {
	each(t, bunhook.Options{}, func(t *testing.T, b *blog) {
		ctx := t.Context()
		save := func(fails error) error {
			return b.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
				if !cache.Bypassed(ctx) {
					t.Error("the cache is not bypassed")
				}
				if err := exec(tx.NewInsert().Model(&Post{Slug: "c"}).Exec(ctx)); err != nil {
					return err
				}
				err := tx.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
					if err := exec(tx.NewInsert().Model(&Post{Slug: "d"}).Exec(ctx)); err != nil {
						return err
					}
					return errStop
				})
				if !errors.Is(err, errStop) {
					return err
				}
				if err := b.inv.Invalidate(ctx, &Post{Slug: "by-hand"}); err != nil {
					return err
				}
				b.Want(t)
				return fails
			})
		}
		b.reset(t)
		if err := save(nil); err != nil {
			t.Fatal(err)
		}
		b.Want(t, "path:/by-hand path:/c")
		b.reset(t)
		if err := save(errStop); !errors.Is(err, errStop) {
			t.Fatal(err)
		}
		b.Want(t)
		b.WantFailed(t, 0)
	})
}

// A statement's context may not say which transaction it is of. Then it is purged at
// once, in case it is of none, and again when an open transaction commits.
func TestBeginTx(t *testing.T) {
	each(t, bunhook.Options{}, func(t *testing.T, b *blog) {
		ctx := t.Context()
		p, _ := b.reset(t)
		tx, err := b.BeginTx(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		p.Slug = "c"
		if _, err := tx.NewUpdate().Model(p).WherePK().Exec(ctx); err != nil {
			t.Fatal(err)
		}
		b.Want(t, "all: path:/c") // the row as it was is not known
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		b.Want(t, "all: path:/c")

		tx, err = b.BeginTx(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.NewInsert().Model(&Post{Slug: "d"}).Exec(ctx); err != nil {
			t.Fatal(err)
		}
		b.Want(t, "path:/d")
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
		b.Want(t)
		// No transaction is open any more.
		if _, err := b.NewInsert().Model(&Post{Slug: "e"}).Exec(ctx); err != nil {
			t.Fatal(err)
		}
		b.Want(t, "path:/e")
	})
}

// A transaction that database/sql rolled back, because its context was done, is not
// open any more.
func TestBeginTxCanceled(t *testing.T) {
	each(t, bunhook.Options{}, func(t *testing.T, b *blog) {
		b.reset(t)
		ctx, cancel := context.WithCancel(t.Context())
		tx, err := b.BeginTx(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.NewInsert().Model(&Post{Slug: "c"}).Exec(ctx); err != nil {
			t.Fatal(err)
		}
		b.Want(t, "path:/c")
		cancel()
		if err := tx.Commit(); err == nil {
			t.Error("Commit: got nil, want an error")
		}
		b.Want(t)
		p, _ := b.reset(t) // loads again, which it would not with an open transaction
		if _, err := b.NewUpdate().Model(&Post{ID: p.ID, Slug: "d"}).WherePK().Exec(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.Want(t, "path:/a path:/d")
	})
}

// BEGIN as a statement is no transaction that is seen, nor one that is waited for.
func TestRawBegin(t *testing.T) {
	each(t, bunhook.Options{}, func(t *testing.T, b *blog) {
		p, _ := b.reset(t)
		conn, err := b.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, query := range []string{"BEGIN", "COMMIT"} {
			if _, err := conn.ExecContext(t.Context(), query); err != nil {
				t.Fatal(err)
			}
		}
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := b.NewUpdate().Model(&Post{ID: p.ID, Slug: "d"}).WherePK().Exec(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.Want(t, "path:/a path:/d")
	})
}

// The context of a transaction may be used after its end. Then a statement is of none,
// and Failed is told of errors.
func TestContextAfterTheEnd(t *testing.T) {
	each(t, bunhook.Options{}, func(t *testing.T, b *blog) {
		b.reset(t)
		for name, run := range map[string]func(func(context.Context, bun.Tx) error) error{
			"RunInTx": func(fn func(context.Context, bun.Tx) error) error { return b.RunInTx(t.Context(), nil, fn) },
			"InTx":    func(fn func(context.Context, bun.Tx) error) error { return b.hook.InTx(t.Context(), b.DB, nil, fn) },
		} {
			var past context.Context
			if err := run(func(ctx context.Context, tx bun.Tx) error {
				past = ctx
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			b.Err = errors.New("redis: connection refused")
			if err := exec(b.NewInsert().Model(&Post{Slug: name}).Exec(past)); err != nil {
				t.Fatal(err)
			}
			b.Want(t, "path:/"+name)
			b.WantFailed(t, 1)
			b.Err, b.Failed = nil, nil
		}
	})
}

// A statement that commits by itself is purged, though the batch in its context, of a
// transaction in another database, is discarded. The batch is told as well.
func TestStatementAloneInBatch(t *testing.T) {
	each(t, bunhook.Options{}, func(t *testing.T, b *blog) {
		p, q := b.reset(t)
		for _, tt := range []struct {
			post *Post
			end  func(*invalidate.Batch) error
			want []string
		}{
			{p, func(batch *invalidate.Batch) error { batch.Discard(); return nil }, []string{"path:/a path:/c"}},
			{q, func(batch *invalidate.Batch) error { return batch.Flush(t.Context()) }, []string{"path:/b path:/d", "path:/b path:/d"}},
		} {
			ctx, batch := invalidate.WithBatch(t.Context())
			tt.post.Slug = string(rune(tt.post.Slug[0] + 2))
			if _, err := b.NewUpdate().Model(tt.post).WherePK().Exec(ctx); err != nil {
				t.Fatal(err)
			}
			if err := tt.end(batch); err != nil {
				t.Fatal(err)
			}
			b.Want(t, tt.want...)
			b.WantFailed(t, 0)
		}
	})
}

// So is a row with a rule, if another row has none that can be used.
func TestStatementAloneInBatchRuleFails(t *testing.T) {
	each(t, bunhook.Options{}, func(t *testing.T, b *blog) {
		p, _ := b.reset(t)
		ctx, batch := invalidate.WithBatch(t.Context())
		p.Slug = "{a pattern}"
		if _, err := b.NewUpdate().Model(p).WherePK().Exec(ctx); err != nil {
			t.Fatal(err)
		}
		batch.Discard()
		b.Want(t, "path:/a")
		b.WantFailed(t, 1)
	})
}

// A page that is rendered in the context of what was rolled back is not stored.
func TestRolledBackIsTold(t *testing.T) {
	each(t, bunhook.Options{}, func(t *testing.T, b *blog) {
		for name, back := range map[string]func(ctx context.Context, tx bun.Tx) error{
			"transaction": func(_ context.Context, _ bun.Tx) error { return errStop },
			"savepoint": func(ctx context.Context, tx bun.Tx) error {
				_ = tx.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
					return errors.Join(exec(tx.NewInsert().Model(&Post{Slug: "d"}).Exec(ctx)), errStop)
				})
				return nil
			},
		} {
			b.reset(t)
			told := false
			ctx := cache.WithRolledBack(t.Context(), func() { told = true })
			_ = b.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
				if err := exec(tx.NewInsert().Model(&Post{Slug: "c"}).Exec(ctx)); err != nil {
					t.Error(err)
				}
				return back(ctx, tx)
			})
			if !told {
				t.Errorf("%s: the page was not told", name)
			}
		}
	})
}
