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

// A txError is an error of a transaction that had begun. It says what became of
// that one alone, though err may have come out of another inside it, or out of
// a Purger that runs transactions. So it has no Unwrap, by which errors.Is would
// find what became of those.
type txError struct {
	outcome error // ErrRolledBack, ErrCommitUnknown or, if it was committed, nil
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
