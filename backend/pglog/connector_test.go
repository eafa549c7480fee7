package pglog_test

import (
	"context"
	"database/sql"
	"testing"

	"github.com/jackc/pgx/v5/stdlib"

	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/connector"
)

// A driver that sees the transactions of code that knows nothing of uncache appends in
// them: row and event are of one transaction.
func TestConnectorAppendsInTheTransaction(t *testing.T) {
	a, b := newSite(t, nil)
	db := sql.OpenDB(connector.New(stdlib.GetPoolConnector(newPool(t))))
	t.Cleanup(func() { _ = db.Close() })
	b.want(t, "the first visit", "first", false)
	save := func(title string, end func(tx *sql.Tx) error) {
		t.Helper()
		ctx, _ := invalidate.Follow(t.Context())
		tx, err := db.BeginTx(ctx, nil)
		must(t, err)
		_, err = tx.ExecContext(ctx, a.in("UPDATE {schema}.posts SET title = $1"), title)
		must(t, err, a.inv.Invalidate(ctx, &post{}), end(tx))
	}
	save("never", (*sql.Tx).Rollback)
	b.want(t, "after ROLLBACK", "first", true)
	save("second", (*sql.Tx).Commit)
	b.want(t, "after COMMIT", "second", false)
	var together bool
	must(t, a.pool.QueryRow(context.Background(), a.in(`SELECT p.xmin = e.xmin FROM {schema}.posts p,
		(SELECT xmin FROM {schema}.events ORDER BY pos DESC LIMIT 1) e`)).Scan(&together))
	if !together {
		t.Error("the event is of another transaction than the row")
	}
}
