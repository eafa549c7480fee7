package outbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// A lostError ends the transaction.
type lostError struct{ error }

// Unwrap returns the error.
func (e lostError) Unwrap() error { return e.error }

// lost returns err if it says nothing about a row: the transaction, the connection or
// the time is over.
func lost(ctx context.Context, err error) error {
	var over lostError
	if err != nil && (ctx.Err() != nil || errors.As(err, &over)) {
		return err
	}
	return nil
}

// inSavepoint runs fn so that the transaction can go on if fn fails: PostgreSQL allows
// nothing after an error. Without a transaction it just runs fn.
func (o *Outbox) inSavepoint(ctx context.Context, x execer, fn func() error) error {
	tx, ok := x.(*sql.Tx)
	if !ok {
		return fn()
	}
	if _, err := tx.ExecContext(ctx, "SAVEPOINT uncache"); err != nil {
		return lostError{err}
	}
	err := fn()
	end := "RELEASE SAVEPOINT uncache"
	if err != nil {
		end = "ROLLBACK TO SAVEPOINT uncache"
	}
	if _, failed := tx.ExecContext(ctx, end); failed != nil {
		if err != nil {
			failed = fmt.Errorf("%w; %s: %w", err, end, failed)
		}
		return lostError{failed}
	}
	return err
}
