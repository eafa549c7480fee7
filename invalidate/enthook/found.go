package enthook

import (
	"entgo.io/ent"
)

// found is what is known of a mutation before it runs.
type found struct {
	ids    any
	n      int   // how many rows, or -1
	read   bool  // some of them were read
	models []any // the rows that it changes, or what stands for them
	many   bool  // models stand for rows
	keys   *keys // keys of the rows that its statement changes, or nil
}

// fewerThan reports whether a mutation, which has returned v, may have changed a row
// that was not read: a policy or an interceptor has hidden it, or it came in between.
func (b found) fewerThan(v ent.Value) bool {
	n, ok := v.(int)
	switch {
	case b.n < 0:
		return false
	case !ok: // one row, or the creation of one
		return b.n > 0 && !b.read
	default:
		return n > b.n || n > 0 && (!b.read || b.uncertain())
	}
}

// uncertain reports whether the statement may change rows that were not read.
func (b found) uncertain() bool { return b.n > 0 && !b.read || b.keys.others() }
