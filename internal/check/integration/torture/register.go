package torture

import (
	"context"
	"fmt"
	"sort"
	"sync"
	"time"
)

// A Version counts the saves of one record. The first is 1.
type Version int64

// A Source is where a node's handlers read records: the database of the site.
type Source interface {
	// Read returns the version of a record that was committed last.
	Read(ctx context.Context, record int) (Version, error)
}

// A Register is the database, and the ledger of purges beside it. It is safe
// for concurrent use.
type Register struct {
	mu      sync.RWMutex
	current []Version
	purged  [][]acknowledged // for each record, versions and times ascending
}

// acknowledged says that a purge of what was made before a version returned at
// a time.
type acknowledged struct {
	version Version
	at      time.Time
}

// keep is for how long it is remembered when a purge returned; longer than any
// reader asks back.
const keep = time.Minute

// NewRegister returns a register of n records at version 1, which need no purge.
func NewRegister(n int) *Register {
	r := &Register{current: make([]Version, n), purged: make([][]acknowledged, n)}
	for i := range r.current {
		r.current[i] = 1
	}
	return r
}

// Len returns how many records there are.
func (r *Register) Len() int { return len(r.current) }

// Read implements [Source].
func (r *Register) Read(_ context.Context, record int) (Version, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if record < 0 || record >= len(r.current) {
		return 0, fmt.Errorf("torture: no record %d", record)
	}
	return r.current[record], nil
}

// Commit saves records, all of them at once, and returns their new versions.
func (r *Register) Commit(records ...int) []Version {
	r.mu.Lock()
	defer r.mu.Unlock()
	versions := make([]Version, len(records))
	for i, n := range records {
		r.current[n]++
		versions[i] = r.current[n]
	}
	return versions
}

// Acknowledge notes that the purge which followed a commit has returned.
func (r *Register) Acknowledge(records []int, versions []Version) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	for i, n := range records {
		list := r.purged[n]
		if len(list) > 0 && list[len(list)-1].version >= versions[i] {
			continue // a later save was purged before
		}
		// What is old goes, but for the newest of it.
		if old := sort.Search(len(list), func(i int) bool { return now.Sub(list[i].at) < keep }); old > 1024 {
			list = append(list[:0], list[old-1:]...)
		}
		r.purged[n] = append(list, acknowledged{versions[i], now})
	}
}

// Purged returns the newest version of a record whose purge had returned at a
// time, which is not long ago. A page that a request gets which began at that
// time, or later, must not show an older one.
func (r *Register) Purged(record int, at time.Time) Version {
	r.mu.RLock()
	defer r.mu.RUnlock()
	list := r.purged[record]
	for i := len(list) - 1; i >= 0; i-- {
		if !list[i].at.After(at) {
			return list[i].version
		}
	}
	return 1
}
