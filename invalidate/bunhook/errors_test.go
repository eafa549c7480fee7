package bunhook_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/uptrace/bun"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/bunhook"
)

var (
	errStop   = errors.New("stop")
	tableType = reflect.TypeFor[bunhook.Table]()
)

func TestNewPanics(t *testing.T) {
	inv := invalidate.New(invalidate.PurgerFunc(func(context.Context, cache.Event) error { return nil }), nil)
	failed := func(context.Context, error) {}
	for want, f := range map[string]func(){
		"bunhook: New: the Invalidator is nil":     func() { bunhook.New(nil, &bunhook.Options{Failed: failed}) },
		"bunhook: Options.Failed: it is nil":       func() { bunhook.New(inv, nil) },
		"bunhook: Options.MaxRows: -1 is negative": func() { bunhook.New(inv, &bunhook.Options{Failed: failed, MaxRows: -1}) },
		`bunhook: Options.Ignore["posts"]: [""] has an empty name`: func() {
			bunhook.New(inv, &bunhook.Options{Failed: failed, Ignore: map[string][]string{"posts": {""}}})
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

// A purge that fails is no failed save: the caller of InTx is told, or else Failed.
func TestPurgeFails(t *testing.T) {
	each(t, bunhook.Options{}, func(t *testing.T, b *blog) {
		ctx := t.Context()
		b.reset(t)
		b.Err = errors.New("redis: connection refused")
		err := b.hook.InTx(ctx, b.DB, nil, func(ctx context.Context, tx bun.Tx) error {
			return exec(tx.NewInsert().Model(&Post{Slug: "c"}).Exec(ctx))
		})
		if !errors.Is(err, invalidate.ErrKept) || errors.Is(err, invalidate.ErrRolledBack) {
			t.Errorf("InTx: got %v, want ErrKept", err)
		}
		b.WantFailed(t, 0)
		if err := exec(b.NewInsert().Model(&Post{Slug: "d"}).Exec(ctx)); err != nil {
			t.Errorf("Exec: got %v, want nil: it is saved", err)
		}
		b.WantFailed(t, 1)
		if err := b.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
			return exec(tx.NewInsert().Model(&Post{Slug: "e"}).Exec(ctx))
		}); err != nil {
			t.Errorf("RunInTx: got %v, want nil: it is saved", err)
		}
		b.WantFailed(t, 2)
		for _, err := range b.Failed {
			if !errors.Is(err, invalidate.ErrKept) {
				t.Errorf("Failed was told %v, want that it is kept", err)
			}
		}
		if got := b.slugs(t); got != "a b c d e" {
			t.Errorf("saved %s, want all", got)
		}
	})
}

func TestEnqueueFails(t *testing.T) {
	each(t, bunhook.Options{}, func(t *testing.T, b *blog) {
		b.reset(t)
		b.outbox.Err = errors.New("outbox: no such table")
		err := b.hook.InTx(t.Context(), b.DB, nil, func(ctx context.Context, tx bun.Tx) error {
			return exec(tx.NewInsert().Model(&Post{Slug: "c"}).Exec(ctx))
		})
		if !errors.Is(err, b.outbox.Err) || !errors.Is(err, invalidate.ErrRolledBack) {
			t.Errorf("got %v, want ErrRolledBack because of %v", err, b.outbox.Err)
		}
		if got := b.slugs(t); got != "a b" {
			t.Errorf("saved %s, want nothing new", got)
		}
		b.Want(t)
	})
}

// If the rule for Table names nothing, or there is none, unknown rows are everything:
// after COMMIT, and not for a savepoint that was rolled back.
func TestUnknownRows(t *testing.T) {
	each(t, bunhook.Options{}, func(t *testing.T, b *blog) {
		save := func(ctx context.Context, c bun.IDB) error {
			return exec(c.NewDelete().Model((*Post)(nil)).Where("slug = 'a'").Exec(ctx))
		}
		for range 2 {
			b.reset(t)
			if err := b.hook.InTx(t.Context(), b.DB, nil, func(ctx context.Context, tx bun.Tx) error { return save(ctx, tx) }); err != nil {
				t.Fatal(err)
			}
			b.Want(t, "all:")
			b.reset(t)
			err := b.hook.InTx(t.Context(), b.DB, nil, func(ctx context.Context, tx bun.Tx) error {
				_ = tx.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
					return errors.Join(save(ctx, tx), errStop)
				})
				return nil
			})
			if err != nil {
				t.Errorf("InTx, after a savepoint that was rolled back: %v", err)
			}
			b.Want(t)
			if err := save(t.Context(), b.DB); err != nil {
				t.Errorf("by itself: %v", err)
			}
			b.Want(t, "all:")
			b.WantFailed(t, 0)
			if !b.inv.Registered(tableType) { // the second time there is a rule that names nothing
				invalidate.Register(b.inv, func(bunhook.Table, *invalidate.Targets) {})
			}
		}
	})
}

func TestStrict(t *testing.T) {
	each(t, bunhook.Options{Strict: true}, func(t *testing.T, b *blog) {
		err := b.hook.InTx(t.Context(), b.DB, nil, func(ctx context.Context, tx bun.Tx) error {
			return exec(tx.NewInsert().Model(&Tag{Name: "go"}).Exec(ctx))
		})
		if !errors.Is(err, invalidate.ErrNoRule) || !errors.Is(err, invalidate.ErrRolledBack) {
			t.Errorf("got %v, want ErrNoRule and that it is rolled back", err)
		}
		b.reset(t)
		err = b.hook.InTx(t.Context(), b.DB, nil, func(ctx context.Context, tx bun.Tx) error {
			return exec(tx.NewInsert().Model(&PostTag{PostID: 1, TagID: 7}).Exec(ctx))
		})
		if err != nil {
			t.Errorf("a rule for the value: %v", err)
		}
		b.Want(t, "group:tagged:7")
	})
}

// What the server refused is not purged. MySQL's driver does not say whose error it is,
// so there it is purged in vain.
func TestStatementFails(t *testing.T) {
	each(t, bunhook.Options{}, func(t *testing.T, b *blog) {
		if b.isMySQL() {
			return
		}
		b.reset(t)
		if err := exec(b.NewInsert().Model(&Post{Slug: "a"}).Exec(t.Context())); err == nil {
			t.Error("the second of a slug: got nil, want an error")
		}
		b.Want(t)
		b.WantFailed(t, 0)
	})
}

// A row that changes and cannot be loaded is asked about as it was passed.
func TestNoLoad(t *testing.T) {
	each(t, bunhook.Options{NoLoad: true}, func(t *testing.T, b *blog) {
		p, _ := b.reset(t)
		p.Slug = "c"
		if err := exec(b.NewUpdate().Model(p).WherePK().Exec(t.Context())); err != nil {
			t.Fatal(err)
		}
		b.Want(t, "path:/c")
	})
}

// Above MaxRows the rule for Table is asked.
func TestMaxRows(t *testing.T) {
	each(t, bunhook.Options{MaxRows: 1}, func(t *testing.T, b *blog) {
		p, q := b.reset(t)
		both := func() {
			t.Helper()
			if err := exec(b.NewDelete().Model(&[]*Post{p, q}).WherePK().Exec(t.Context())); err != nil {
				t.Fatal(err)
			}
		}
		both()
		b.Want(t, "path:/a path:/b") // while there is no rule for Table
		invalidate.Register(b.inv, func(table bunhook.Table, to *invalidate.Targets) { to.Group("all:" + table.Name) })
		p, q = b.reset(t)
		both()
		b.Want(t, "group:all:posts")
	})
}

// Select adds what the rules need.
func TestSelect(t *testing.T) {
	withTags := func(q *bun.SelectQuery) *bun.SelectQuery {
		if q.GetTableName() == "posts" {
			q = q.Relation("Tags")
		}
		return q
	}
	each(t, bunhook.Options{Select: withTags}, func(t *testing.T, b *blog) {
		p, _ := b.reset(t)
		tag := &Tag{Name: "go"}
		if err := exec(b.NewInsert().Model(tag).Exec(t.Context())); err != nil {
			t.Fatal(err)
		}
		if err := exec(b.NewInsert().Model(&PostTag{PostID: p.ID, TagID: tag.ID}).Exec(t.Context())); err != nil {
			t.Fatal(err)
		}
		b.Purged = nil
		if err := exec(b.NewDelete().Model(p).WherePK().Exec(t.Context())); err != nil {
			t.Fatal(err)
		}
		b.Want(t, "group:tag:go path:/a")
	})
}

// In the context of InTx, and of a savepoint in it, the cache is bypassed and
// Invalidate queues.
func TestContext(t *testing.T) {
	each(t, bunhook.Options{}, func(t *testing.T, b *blog) {
		b.reset(t)
		err := b.hook.InTx(t.Context(), b.DB, nil, func(ctx context.Context, tx bun.Tx) error {
			return tx.RunInTx(t.Context(), nil, func(ctx context.Context, tx bun.Tx) error {
				if !cache.Bypassed(ctx) {
					t.Error("the cache is not bypassed")
				}
				ctx = invalidate.WithReason(ctx, "ada says so")
				err := b.inv.Invalidate(ctx, &Post{Slug: "by-hand"})
				b.Want(t)
				return err
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(b.Reasons) != 1 || b.Reasons[0] != "ada says so" {
			t.Errorf("the reason: got %q, want that of the context", b.Reasons)
		}
		b.Want(t, "path:/by-hand")
	})
}
