package integrate

import (
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/internal/batch"
)

// A Mark is a place in a batch, as a savepoint is one in a transaction. The zero Mark
// is void.
type Mark struct{ at batch.Mark }

// NewMark marks the place where b is now: [Rewind] drops what is queued after it. It
// is for code that sees the savepoints of a transaction but not the contexts that are
// used in them; otherwise [invalidate.Savepoint] is simpler.
func NewMark(b *invalidate.Batch) Mark { return Mark{inner(b).Mark()} }

// Rewind drops what b has queued since m, as ROLLBACK TO does with a transaction. It
// may be called again with the same mark.
//
// Rewind makes the marks after m void, and Enqueue makes all of them void. For a void
// mark, or after b has ended, Rewind drops nothing: what did not change is purged,
// which costs a rendering. For a void mark what Enqueue has written is to be enqueued
// once more: its rows may have been rolled back, with those of saves before the
// savepoint.
func Rewind(b *invalidate.Batch, m Mark) { inner(b).Rewind(m.at) }
