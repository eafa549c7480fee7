package cache

import "context"

// Exec runs one statement in an open transaction of a database, and returns how many
// rows it returned or changed. Its parameters are $1, $2 and so on.
type Exec func(ctx context.Context, query string, args ...any) (rows int64, err error)

// TxLog is implemented by a [Log] in the database of the data that pages show. There a
// purge can be part of the transaction that makes it necessary, and COMMIT is the purge.
type TxLog interface {
	Log

	// AppendTx adds e to the log in the transaction of exec.
	//
	// The event and the data of the transaction become visible at once. No Since has
	// the event before, and every Since that starts after the COMMIT has it.
	// If the transaction, or the savepoint around the call, is rolled back, the event is
	// never in the log.
	// A transaction may append several events.
	// If the transaction is of another database, AppendTx returns false and no error, and
	// the transaction goes on as if there had been no call.
	// After an error the transaction must be rolled back.
	// e.Dependencies stays the caller's: AppendTx keeps a copy.
	AppendTx(ctx context.Context, exec Exec, e Event) (ok bool, err error)
}
