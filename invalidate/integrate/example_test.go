package integrate_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/integrate"
)

// An adapter has an ORM's transactions purge what they saved. The ORM calls its
// methods; see type orm below.
type adapter struct{ inv *invalidate.Invalidator }

// Begun returns the context for the code inside the transaction.
func (a adapter) Begun(ctx context.Context) context.Context {
	return integrate.WithBatch(ctx, integrate.NewBatch(ctx))
}

// Saved names both rows: the save may have changed the page's URL.
func (a adapter) Saved(ctx context.Context, old, row any) error {
	if !a.inv.Registered(reflect.TypeOf(row)) {
		return nil // no page shows it
	}
	return a.inv.Invalidate(ctx, invalidate.Was(old), row)
}

// Committing writes to the outbox, if there is one, in the transaction itself.
func (a adapter) Committing(ctx context.Context, tx invalidate.Execer) error {
	return invalidate.BatchOf(ctx).Enqueue(ctx, tx)
}

// Committed purges, unless nothing was committed for certain.
func (a adapter) Committed(ctx context.Context, err error) error {
	batch := invalidate.BatchOf(ctx)
	switch {
	case err == nil:
		return batch.Flush(ctx)
	case integrate.RolledBack(err):
		batch.Discard()
		return nil
	default:
		return batch.FlushUnknown(ctx)
	}
}

// RolledBack drops what was queued.
func (a adapter) RolledBack(ctx context.Context) { invalidate.BatchOf(ctx).Discard() }

// A whole adapter, for an ORM with five hooks.
func Example() {
	inv := invalidate.New(invalidate.PurgerFunc(func(_ context.Context, e cache.Event) error {
		fmt.Println("purge:", e.Dependencies)
		return nil
	}), nil)
	invalidate.Register(inv, func(p post, to *invalidate.Targets) { to.Path("/blog/" + p.Slug + "/") })
	db := orm{adapter{inv}}

	fmt.Println(db.transaction(context.Background(), func(save func(old, row any) error) error {
		return save(post{Slug: "hello"}, post{Slug: "hello-world"})
	}))
	fmt.Println(db.transaction(context.Background(), func(save func(old, row any) error) error {
		return errors.Join(save(nil, post{Slug: "draft"}), errors.New("no title"))
	}))
	// Output:
	// BEGIN
	// UPDATE
	// COMMIT
	// purge: [path:/blog/hello-world/ path:/blog/hello/]
	// <nil>
	// BEGIN
	// UPDATE
	// ROLLBACK
	// no title
}

type post struct{ Slug string }

// An orm is what the adapter is for. It prints its statements.
type orm struct{ hooks adapter }

func (o orm) transaction(ctx context.Context, fn func(save func(old, row any) error) error) error {
	fmt.Println("BEGIN")
	ctx = o.hooks.Begun(ctx)
	err := fn(func(old, row any) error {
		fmt.Println("UPDATE")
		return o.hooks.Saved(ctx, old, row)
	})
	if err == nil {
		err = o.hooks.Committing(ctx, o)
	}
	if err != nil {
		fmt.Println("ROLLBACK")
		o.hooks.RolledBack(ctx)
		return err
	}
	fmt.Println("COMMIT")
	return o.hooks.Committed(ctx, nil)
}

func (orm) ExecContext(context.Context, string, ...any) (sql.Result, error) { return nil, nil }
