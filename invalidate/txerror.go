package invalidate

import "errors"

// ErrRolledBack is, in the sense of errors.Is, every error of [Invalidator.InTx] whose
// transaction had begun and was not committed: nothing was saved, and nothing purged.
var ErrRolledBack = errors.New("the transaction was rolled back")

// ErrCommitUnknown is what [Invalidator.InTx] returns, wrapped, when the transaction
// may or may not have committed: the connection was lost before COMMIT was answered, or
// fn ended the transaction itself.
var ErrCommitUnknown = errors.New("it is not known whether the transaction was committed")

var errCommitted = errors.New("the transaction was committed")

// SavedNotPurged reports whether the data is saved and a purge failed: old pages may
// still be served.
//
//	if invalidate.SavedNotPurged(err) {
//		log.Print(err) // the save itself is done: do not repeat it
//	} else if err != nil {
//		return err
//	}
//
// err is an error of [Invalidator.InTx], [Transact], [Batch.Commit], or of a purge
// after a save. A purge that is kept counts: errors.Is(err, [ErrKept]) tells it apart.
// [Unpurged] lists the others.
//
// SavedNotPurged is false for nil, and if a transaction in err was rolled back or is
// [ErrCommitUnknown]. Transactions inside another do not count.
func SavedNotPurged(err error) bool {
	failed, unsaved := purgesIn(err)
	return failed && !unsaved
}

// purgesIn reports whether a purge of saved data failed, and whether a transaction may
// not have committed.
func purgesIn(err error) (failed, unsaved bool) {
	if err == ErrRolledBack || err == ErrCommitUnknown { // adapters wrap these
		return false, true
	}
	switch e := err.(type) {
	case *PurgeError:
		return true, false // what is inside it is of the Purger
	case *txError:
		return e.outcome == errCommitted, e.outcome != errCommitted
	case interface{ Unwrap() error }:
		return purgesIn(e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, err := range e.Unwrap() {
			f, u := purgesIn(err)
			failed, unsaved = failed || f, unsaved || u
		}
	}
	return failed, unsaved
}

// A txError is an error of a transaction that had begun. It says what became of that
// one alone, though err may come out of another transaction inside it, or out of a
// Purger that runs transactions. So it has no Unwrap: errors.Is would find what became
// of those.
type txError struct {
	outcome error // errCommitted, ErrRolledBack, ErrCommitUnknown, or nil of a savepoint that was not undone
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
