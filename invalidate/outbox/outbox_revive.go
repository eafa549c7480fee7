package outbox

import (
	"context"
	"database/sql"
	"fmt"
)

// Revive makes rows of the dead letters again, as if they had never been tried, and
// returns how many there were: those with the IDs, or without any all of them. Call it
// after the cause was removed; [Row.LastError] says what that was.
func (o *Outbox) Revive(ctx context.Context, ids ...string) (rows int64, err error) {
	const revive = `UPDATE {table} SET dead = 0, tries = 0, due = {now} WHERE dead <> 0`
	err = o.inTx(ctx, func(tx *sql.Tx) error {
		if len(ids) > 0 {
			rows, err = o.exec(ctx, tx, revive+` AND id `, ids)
			return err
		}
		r, err := tx.ExecContext(ctx, o.sql(revive))
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
