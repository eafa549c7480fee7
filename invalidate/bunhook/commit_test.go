package bunhook_test

import (
	"bytes"
	"context"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/uncache/uncache/internal/dbtest"
	"github.com/uncache/uncache/invalidate/bunhook"
)

// A lostConn hears nothing more once it has sent a COMMIT.
type lostConn struct {
	net.Conn
	lost atomic.Bool
	sent func() // when it has sent one
}

func (c *lostConn) Write(b []byte) (int, error) {
	if bytes.Contains(bytes.ToLower(b), []byte("commit")) {
		c.lost.Store(true)
		defer c.sent()
	}
	return c.Conn.Write(b)
}

func (c *lostConn) Read(b []byte) (int, error) {
	for {
		n, err := c.Conn.Read(b)
		if err != nil || !c.lost.Load() {
			return n, err
		}
	}
}

// The context is done while the answer to COMMIT is awaited. It may be committed, as it
// is here, and is purged.
func TestContextDoneInCommit(t *testing.T) {
	b := newBlog(t, openPostgres(t), pgdialect.New(), bunhook.Options{})
	config, err := pgx.ParseConfig(dbtest.PostgresURL())
	if err != nil {
		t.Fatal(err)
	}
	var schema string
	if err := b.DB.DB.QueryRow("SELECT current_schema()").Scan(&schema); err != nil {
		t.Fatal(err)
	}
	config.RuntimeParams["search_path"] = schema
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	dial := config.DialFunc
	config.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dial(ctx, network, addr)
		// By then it is committed, and pgx has nothing to cancel.
		return &lostConn{Conn: c, sent: func() { time.AfterFunc(200*time.Millisecond, cancel) }}, err
	}
	pool := stdlib.OpenDB(*config)
	defer pool.Close()
	db := bun.NewDB(pool, pgdialect.New())
	db.RegisterModel((*PostTag)(nil))
	db = db.WithQueryHook(b.hook)

	insert := func(ctx context.Context, tx bun.Tx, slug string) {
		t.Helper()
		if _, err := tx.NewInsert().Model(&Post{Slug: slug}).Exec(ctx); err != nil {
			t.Fatal(err)
		}
	}
	var within context.Context
	err = db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		within = ctx
		insert(ctx, tx, "c")
		b.Want(t)
		return nil
	})
	if err == nil || within.Err() == nil {
		t.Errorf("RunInTx: got %v, want an error", err)
	}
	if got := b.slugs(t); got != "c" {
		t.Errorf("saved: got %q, want that it was committed", got)
	}
	b.Want(t, "path:/c")
}

// What was committed without bun is purged when bun learns that the transaction is
// over.
func TestCommittedPastBun(t *testing.T) {
	each(t, bunhook.Options{}, func(t *testing.T, b *blog) {
		for _, end := range []func(bun.Tx) error{bun.Tx.Commit, bun.Tx.Rollback} {
			b.reset(t)
			if err := b.RunInTx(t.Context(), nil, func(ctx context.Context, tx bun.Tx) error {
				if _, err := tx.NewInsert().Model(&Post{Slug: "c"}).Exec(ctx); err != nil {
					t.Fatal(err)
				}
				b.Want(t)
				if err := tx.Tx.Commit(); err != nil {
					t.Fatal(err)
				}
				return end(tx)
			}); err == nil {
				t.Error("the second end: got nil, want an error")
			}
			b.Want(t, "path:/c")
		}
	})
}
