package outbox

import (
	"context"
	"database/sql"
	"fmt"
)

// Revive makes rows of the dead letters again, as if they had never been tried, and
// returns how many there were. Call it after the cause was removed; last_error in the
// table says what that was.
func (o *Outbox) Revive(ctx context.Context) (rows int64, err error) {
	err = o.inTx(ctx, func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, o.sql(`UPDATE {table} SET dead = 0, tries = 0, due = {now} WHERE dead <> 0`))
		if err == nil {
			rows, err = r.RowsAffected()
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("outbox: revive: %w", err)
	}
	o.Wake()
	return rows, nil
}
