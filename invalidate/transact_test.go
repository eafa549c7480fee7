package invalidate_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"

	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/internal/invtest"
)

// foreign is a transaction of another library.
type foreign struct {
	*invtest.Trace
	commit, rollback error
}

func (f *foreign) ExecContext(_ context.Context, query string, _ ...any) (sql.Result, error) {
	f.Add(query)
	return nil, nil
}
func (f *foreign) Commit() error   { f.Add("COMMIT"); return f.commit }
func (f *foreign) Rollback() error { f.Add("ROLLBACK"); return f.rollback }

func TestTransact(t *testing.T) {
	lost, oops := errors.New("lost"), errors.New("oops")
	ended := fmt.Errorf("closed: %w", invalidate.ErrCommitUnknown)
	tests := []struct {
		name             string
		commit, rollback error
		fn               error
		cancel           bool
		outcome          string
		steps            []string
	}{
		{"well", nil, nil, nil, false, "purged", []string{enqueueA, "COMMIT", purgeA, "PURGED #1"}},
		{"fn", nil, nil, oops, false, "rolled back", []string{"ROLLBACK"}},
		{"unknown", lost, nil, nil, false, "unknown", []string{enqueueA, "COMMIT", purgeA}},
		{"rolled back, it says", fmt.Errorf("aborted: %w", invalidate.ErrRolledBack), nil, nil, false, "rolled back", []string{enqueueA, "COMMIT"}},
		{"ended", nil, sql.ErrTxDone, oops, false, "unknown", []string{"ROLLBACK", purgeA}},
		{"cancelled", nil, nil, nil, true, "rolled back", []string{"ROLLBACK"}},
		// Of database/sql, which rolls back by itself.
		{"cancelled and over", nil, sql.ErrTxDone, nil, true, "rolled back", []string{"ROLLBACK"}},
		// Of a library that does not, and knows that fn has ended the transaction.
		{"cancelled and ended", nil, ended, nil, true, "unknown", []string{"ROLLBACK", purgeA}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPurger()
			inv := newBlog(p, &invalidate.Options{Outbox: newOutbox(t, p.Trace)})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			tx := &foreign{p.Trace, tt.commit, tt.rollback}
			err := invalidate.Transact(ctx, func(context.Context) (*foreign, error) { return tx, nil },
				func(ctx context.Context, got *foreign) error {
					if got != tx {
						t.Errorf("fn was given %v, want what was begun", got)
					}
					invalidatePost(t, ctx, inv, "a")
					if tt.cancel {
						cancel()
					}
					return tt.fn
				})
			wantOutcome(t, err, tt.outcome)
			p.Trace.Want(t, tt.steps...)
		})
	}
	ok := false
	err := invalidate.Transact(t.Context(), func(context.Context) (*foreign, error) { return nil, lost },
		func(context.Context, *foreign) error { ok = true; return nil })
	if !errors.Is(err, lost) || ok {
		t.Errorf("BEGIN fails: got %v, and fn was run: %v; want %v, false", err, ok, lost)
	}
	wantOutcome(t, err, "not begun")
}
