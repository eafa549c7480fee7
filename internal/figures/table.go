package figures

import (
	"iter"
	"maps"
	"sync"
	"sync/atomic"
	"time"
)

// A Table has a Row for each of the first names that are counted, and one for all
// others. Reading it takes no lock.
type Table struct {
	most  int
	other *Row

	mu   sync.Mutex // held while a name is added
	rows atomic.Pointer[map[string]*Row]
}

// Other is the name of the Row of the names for which a Table had no room.
const Other = "other"

// NewTable returns a Table of at most so many names.
func NewTable(most int) *Table {
	t := &Table{most: most}
	t.other = t.newRow()
	t.rows.Store(&map[string]*Row{})
	return t
}

func (t *Table) newRow() *Row {
	r := NewRow()
	r.table = t
	return r
}

// Row returns the Row of a name.
func (t *Table) Row(name string) *Row {
	if r := (*t.rows.Load())[name]; r != nil {
		return r
	}
	return t.add(name)
}

func (t *Table) add(name string) *Row {
	t.mu.Lock()
	defer t.mu.Unlock()
	rows := *t.rows.Load()
	switch {
	case rows[name] != nil:
		return rows[name]
	case len(rows) >= t.most || name == Other:
		return t.other
	}
	rows = maps.Clone(rows)
	rows[name] = t.newRow()
	t.rows.Store(&rows)
	return rows[name]
}

// All returns the rows that were asked for, in no order, and that of [Other].
func (t *Table) All() iter.Seq2[string, *Row] {
	return func(yield func(string, *Row) bool) {
		for name, r := range *t.rows.Load() {
			if !yield(name, r) {
				return
			}
		}
		yield(Other, t.other)
	}
}

// Of reports whether r belongs to t.
func (r *Row) Of(t *Table) bool { return r.table == t }

// Took counts something else, which took d.
func (r *Row) Took(d time.Duration) {
	r.took.Add(int64(d))
	r.times.Add(1)
}

// Times returns how often Took was called, and the sum of what it was told.
func (r *Row) Times() (n uint64, d time.Duration) {
	return r.times.Load(), time.Duration(r.took.Load())
}
