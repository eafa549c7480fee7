package invtest

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"testing"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
)

// A Table is an Outbox in the table kept of a database, which [NewTable] creates. It
// deletes no row, so that a test sees what was enqueued. Its fields may be changed
// while nothing is saved.
type Table struct {
	Err    error    // what Enqueue returns
	Kept   int      // how many events Keep was given
	Purges []string // the IDs that Purged was given

	db   *sql.DB
	mu   sync.Mutex
	last int
}

// NewTable creates the table kept in db.
func NewTable(tb testing.TB, db *sql.DB) *Table {
	tb.Helper()
	if _, err := db.ExecContext(tb.Context(), "CREATE TABLE kept (id INTEGER PRIMARY KEY, event TEXT)"); err != nil {
		tb.Fatal(err)
	}
	return &Table{db: db}
}

// Enqueue inserts a row for each event, with its reason.
func (o *Table) Enqueue(ctx context.Context, x invalidate.Execer, events []cache.Event) ([]string, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.Err != nil {
		return nil, o.Err
	}
	var ids []string
	for _, e := range events {
		o.last++
		if _, err := x.ExecContext(ctx, fmt.Sprintf("INSERT INTO kept VALUES (%d, '%s')", o.last, e.Reason)); err != nil {
			return nil, err
		}
		ids = append(ids, fmt.Sprint(o.last))
	}
	return ids, nil
}

// Keep counts events.
func (o *Table) Keep(_ context.Context, events []cache.Event) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.Kept += len(events)
	return nil
}

// Purged records ids.
func (o *Table) Purged(_ context.Context, ids []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.Purges = append(o.Purges, ids...)
}

// WantRows fails the test unless so many rows are committed.
func (o *Table) WantRows(tb testing.TB, want int) {
	tb.Helper()
	var got int
	if err := o.db.QueryRowContext(tb.Context(), "SELECT count(*) FROM kept").Scan(&got); err != nil {
		tb.Fatal(err)
	}
	if got != want {
		tb.Errorf("in the outbox: got %d events, want %d", got, want)
	}
}
