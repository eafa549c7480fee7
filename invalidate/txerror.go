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

// SavedNotPurged reports whether the data is saved and a purge failed: old pages
// may still be served. For nil it is false.
//
//	if invalidate.SavedNotPurged(err) {
//		log.Print(err) // the save itself is done: do not repeat it
//	} else if err != nil {
//		return err
//	}
//
// err is that of [Invalidator.InTx], [Transact] or [Batch.Commit], or of a purge
// after a save. An event that is kept counts as well: its pages are old until the
// [Outbox] has purged them. errors.Is(err, [ErrKept]) tells those apart, and
// [Unpurged] lists the others.
//
// It is false if any transaction in err was rolled back, or is
// [ErrCommitUnknown]. That of a transaction inside another does not count.
func SavedNotPurged(err error) bool {
	failed, unsaved := purgesIn(err)
	return failed && !unsaved
}

// purgesIn reports whether a purge of saved data failed, and whether a transaction
// did not commit for certain.
func purgesIn(err error) (failed, unsaved bool) {
	if err == ErrRolledBack || err == ErrCommitUnknown { // as adapters wrap them
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
