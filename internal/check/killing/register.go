package killing

import (
	"sync"
	"time"
)

// A register knows the oldest version of each record that may still be shown:
// what the newest acknowledged save made of it. A save that was acknowledged less
// than bound ago need not show yet.
type register struct {
	bound time.Duration

	mu   sync.Mutex
	acks map[int][]ack // of each record, the oldest first
}

type ack struct {
	version int64
	at      time.Time
}

func newRegister(bound time.Duration) *register {
	return &register{bound: bound, acks: make(map[int][]ack)}
}

// acknowledge says that a save of record was acknowledged.
func (r *register) acknowledge(record int, version int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.acks[record] = append(r.acks[record], ack{version, time.Now()})
}

// oldest returns the floors of these records. It is asked before a page is.
func (r *register) oldest(records []int) map[int]int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	floors := make(map[int]int64, len(records))
	for _, id := range records {
		floors[id] = r.floor(id)
	}
	return floors
}

// floor returns the newest version that must show, and forgets what came before.
// The caller holds mu.
func (r *register) floor(record int) int64 {
	acks := r.acks[record]
	due := 0
	for due < len(acks) && time.Since(acks[due].at) >= r.bound {
		due++
	}
	if due == 0 {
		return 0
	}
	newest := acks[0]
	for _, a := range acks[:due] {
		newest.version = max(newest.version, a.version)
	}
	r.acks[record] = append([]ack{newest}, acks[due:]...)
	return newest.version
}
