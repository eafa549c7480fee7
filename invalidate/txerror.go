package invalidate

import "errors"

// ErrRolledBack is what every error of [Invalidator.InTx] is whose transaction
// had begun and was not committed, in the sense of errors.Is: nothing of it is
// saved, and nothing was purged.
var ErrRolledBack = errors.New("the transaction was rolled back")

// ErrCommitUnknown is what [Invalidator.InTx] returns, wrapped, when it is left
// open whether the transaction was committed: the connection was lost before
// COMMIT was answered, or fn has ended the transaction itself.
var ErrCommitUnknown = errors.New("it is not known whether the transaction was committed")

var errCommitted = errors.New("the transaction was committed")

// Saved reports whether what was to be saved is, as far as err says, which is that
// of [Invalidator.InTx], [Transact] or [Batch.Commit], or of a purge after a save:
// it is nil, or a [*PurgeError] of a transaction that has committed. It is false
// for what was not begun, was rolled back, or is [ErrCommitUnknown], which may have
// been saved.
func Saved(err error) bool {
	if err == nil {
		return true
	}
	var tx *txError
	if errors.As(err, &tx) {
		return tx.outcome == errCommitted
	}
	var failed *PurgeError
	return errors.As(err, &failed)
}

// A txError is an error of a transaction that had begun. It says what became of
// that one alone, though err may have come out of another inside it, or out of
// a Purger that runs transactions. So it has no Unwrap, by which errors.Is would
// find what became of those.
type txError struct {
	outcome error // errCommitted, ErrRolledBack, ErrCommitUnknown or, of a savepoint that is none, nil
	err     error
}

func (e *txError) Error() string { return e.err.Error() }

func (e *txError) Is(target error) bool {
	if target == ErrRolledBack || target == ErrCommitUnknown {
		return target == e.outcome
	}
	return errors.Is(e.err, target)
}

func (e *txError) As(target any) bool { return errors.As(e.err, target) }
