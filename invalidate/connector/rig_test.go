package connector_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/connector"
	"github.com/uncache/uncache/invalidate/internal/invtest"
)

// purger records events.
type purger struct {
	*invtest.Trace
	err error
}

func (p *purger) Purge(_ context.Context, e cache.Event) error {
	p.Add("PURGE " + pages(e))
	return p.err
}

func pages(e cache.Event) string {
	var s []string
	for _, d := range e.Dependencies {
		s = append(s, strings.TrimPrefix(string(d), "path:/"))
	}
	return strings.Join(s, " ")
}

// outbox is an Outbox in memory.
type outbox struct {
	*invtest.Trace
	args []any // the arguments of its INSERT
}

func (o *outbox) Enqueue(ctx context.Context, x invalidate.Execer, events []cache.Event) ([]string, error) {
	var ids []string
	for _, e := range events {
		query := "INSERT" + strings.Repeat(" ?", len(o.args)) + " " + pages(e)
		if _, err := x.ExecContext(ctx, query, o.args...); err != nil {
			return nil, err
		}
		ids = append(ids, "#"+pages(e))
	}
	return ids, nil
}

func (o *outbox) Keep(_ context.Context, events []cache.Event) error {
	for _, e := range events {
		o.Add("KEEP " + pages(e))
	}
	return nil
}

func (o *outbox) Purged(_ context.Context, ids []string) {
	o.Add("PURGED " + strings.Join(ids, " "))
}

type post string

// rig is a wrapped database, and a context that follows its transactions.
type rig struct {
	*invtest.Trace
	fake   *database
	db     *sql.DB
	inv    *invalidate.Invalidator
	purger *purger
	outbox *outbox
	ctx    context.Context
	batch  *invalidate.Batch
}

func newRig(t *testing.T, withOutbox bool) *rig {
	tr := new(invtest.Trace)
	r := &rig{Trace: tr, purger: &purger{Trace: tr}, outbox: &outbox{Trace: tr}}
	r.fake = &database{Script: invtest.NewScript(tr)}
	r.db = sql.OpenDB(connector.New(r.fake))
	t.Cleanup(func() {
		if err := r.db.Close(); err != nil {
			t.Error(err)
		}
	})
	opts := &invalidate.Options{}
	if withOutbox {
		opts.Outbox = r.outbox
	}
	r.inv = invalidate.New(r.purger, opts)
	invalidate.Register(r.inv, func(p post, to *invalidate.Targets) { to.Path("/" + string(p)) })
	r.ctx, r.batch = invalidate.Follow(t.Context())
	return r
}

func (r *rig) invalidate(t *testing.T, slug string) {
	t.Helper()
	if err := r.inv.Invalidate(r.ctx, post(slug)); err != nil {
		t.Error(err)
	}
}

func (r *rig) begin(t *testing.T) *sql.Tx {
	t.Helper()
	tx, err := r.db.BeginTx(r.ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	return tx
}

func (r *rig) conn(t *testing.T) *sql.Conn {
	t.Helper()
	c, err := r.db.Conn(r.ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil && !errors.Is(err, sql.ErrConnDone) {
			t.Error(err)
		}
	})
	return c
}
