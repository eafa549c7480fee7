package invalidate_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/integrate"
)

// txPurger is a purger whose log is in the database of the transactions, unless it is
// elsewhere.
type txPurger struct {
	*purger
	elsewhere bool
	panics    bool
	then      error // what is left after COMMIT
}

func (p *txPurger) PurgeTx(ctx context.Context, exec cache.Exec, e cache.Event) (func(context.Context) error, error) {
	if p.panics {
		panic("out of order")
	}
	if p.elsewhere {
		return nil, nil
	}
	if n, err := exec(ctx, "APPEND "+brief(e)); err != nil || n != 1 {
		return nil, err
	}
	return func(ctx context.Context) error {
		if _, ok := ctx.Deadline(); !ok {
			p.Add("no deadline")
		}
		p.Add("THEN " + brief(e))
		return p.then
	}, nil
}

type inTxTest struct {
	*txPurger
	db  *sql.DB
	log *database
	inv *invalidate.Invalidator
}

func newInTxTest(t *testing.T) inTxTest {
	p := &txPurger{purger: newPurger()}
	db, log := newDB(t, p.Trace)
	return inTxTest{p, db, log, newBlog(p, nil)}
}

// save saves a post in a transaction.
func (x inTxTest) save(t *testing.T, slugs ...string) error {
	return x.inv.InTx(t.Context(), x.db, nil, func(ctx context.Context, _ *sql.Tx) error {
		for _, slug := range slugs {
			if err := x.inv.Invalidate(ctx, &Post{Slug: slug}); err != nil {
				return err
			}
		}
		return nil
	})
}

const appendA, thenA = "APPEND path:/blog/ path:/blog/a/", "THEN path:/blog/ path:/blog/a/"

// The event is appended once, as the last statement before COMMIT, and purged by nothing
// else.
func TestPurgeInTheTransaction(t *testing.T) {
	x := newInTxTest(t)
	if err := x.save(t, "a", "b"); err != nil {
		t.Error(err)
	}
	x.Want(t, "BEGIN", "APPEND path:/blog/ path:/blog/a/ path:/blog/b/", "COMMIT", "THEN path:/blog/ path:/blog/a/ path:/blog/b/")
}

// In a transaction of another database the Purger is told after COMMIT.
func TestPurgeAfterTransactionElsewhere(t *testing.T) {
	x := newInTxTest(t)
	x.elsewhere = true
	if err := x.save(t, "a"); err != nil {
		t.Error(err)
	}
	x.Want(t, "BEGIN", "COMMIT", purgeA)
}

func TestPurgeWithoutTransaction(t *testing.T) {
	x := newInTxTest(t)
	if err := x.inv.Invalidate(t.Context(), &Post{Slug: "a"}); err != nil {
		t.Error(err)
	}
	x.Want(t, purgeA)
}

// An append that fails, or panics, is the end of the transaction.
func TestAppendFails(t *testing.T) {
	broken := errors.New("broken")
	x := newInTxTest(t)
	x.log.Fail[appendA] = broken
	if err := x.save(t, "a"); !errors.Is(err, broken) || !errors.Is(err, invalidate.ErrRolledBack) {
		t.Errorf("got %v, want what failed and ErrRolledBack", err)
	}
	x.Want(t, "BEGIN", appendA, "ROLLBACK")

	x = newInTxTest(t)
	x.panics = true
	if err := x.save(t, "a"); !errors.Is(err, cache.ErrPanic) || !errors.Is(err, invalidate.ErrRolledBack) {
		t.Errorf("got %v, want ErrPanic and ErrRolledBack", err)
	}
	x.Want(t, "BEGIN", "ROLLBACK")
}

// Where it is not known if the transaction was committed, neither is it known of the
// event: they share one fate.
func TestCommitUnknownOfAnAppended(t *testing.T) {
	x := newInTxTest(t)
	x.log.Fail["COMMIT"] = errors.New("connection lost")
	if err := x.save(t, "a"); !errors.Is(err, invalidate.ErrCommitUnknown) {
		t.Errorf("got %v, want ErrCommitUnknown", err)
	}
	x.Want(t, "BEGIN", appendA, "COMMIT", thenA)
}

// What is left to do after COMMIT may fail as a purge may.
func TestThenFails(t *testing.T) {
	x := newInTxTest(t)
	x.then = errors.New("no such page")
	err := x.save(t, "a")
	if !errors.Is(err, x.then) || !invalidate.SavedNotPurged(err) || len(invalidate.Unpurged(err)) != 1 {
		t.Errorf("got %v, want a PurgeError of saved data", err)
	}
}

// A savepoint that is rolled back, of code that sees no contexts, may have taken the
// appended event with it.
func TestAppendAgainAfterRewind(t *testing.T) {
	x := newInTxTest(t)
	ctx, batch := invalidate.WithBatch(t.Context())
	mark := integrate.NewMark(batch)
	invalidatePost(t, ctx, x.inv, "a")
	if err := batch.Enqueue(ctx, x.db); err != nil {
		t.Error(err)
	}
	integrate.Rewind(batch, mark)
	if err := batch.Enqueue(ctx, x.db); err != nil {
		t.Error(err)
	}
	flush(t, ctx, batch)
	x.Want(t, appendA, appendA, thenA)
}

// Of several Purgers those purge in the transaction that can. The others are told after
// COMMIT, in their order.
func TestPurgersInTheTransaction(t *testing.T) {
	p := &txPurger{purger: newPurger()}
	db, _ := newDB(t, p.Trace)
	cdn := &purger{Trace: p.Trace}
	out := &outbox{Trace: p.Trace, t: t, rows: map[string]bool{}}
	for name, tt := range map[string]struct {
		purger invalidate.Purger
		outbox invalidate.Outbox
		want   []string
	}{
		"a page cache and a CDN": {invalidate.Purgers{p, cdn}, nil, []string{"BEGIN", appendA, "COMMIT", thenA, purgeA}},
		"with an outbox":         {invalidate.Purgers{p, cdn}, out, []string{"BEGIN", appendA, enqueueA, "COMMIT", thenA, purgeA, "PURGED #1"}},
		"CDNs alone":             {invalidate.Purgers{cdn, cdn}, nil, []string{"BEGIN", "COMMIT", purgeA, purgeA}},
		"one of them is elsewhere": {
			invalidate.Purgers{&txPurger{purger: cdn, elsewhere: true}, p}, nil,
			[]string{"BEGIN", appendA, "COMMIT", purgeA, thenA},
		},
	} {
		t.Run(name, func(t *testing.T) {
			p.Reset()
			x := inTxTest{p, db, nil, newBlog(tt.purger, &invalidate.Options{Outbox: tt.outbox})}
			if err := x.save(t, "a"); err != nil {
				t.Error(err)
			}
			p.Want(t, tt.want...)
		})
	}
}
