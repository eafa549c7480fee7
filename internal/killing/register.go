package killing

import "sync"

// A register knows the oldest version of each record that may still be shown:
// what the newest acknowledged save made of it.
type register struct {
	mu     sync.Mutex
	floors map[int]int64
}

func newRegister() *register { return &register{floors: make(map[int]int64)} }

// acknowledge says that a save of record was acknowledged.
func (r *register) acknowledge(record int, version int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.floors[record] = max(r.floors[record], version)
}

// oldest returns the floors of these records. It is asked before a page is.
func (r *register) oldest(records []int) map[int]int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	floors := make(map[int]int64, len(records))
	for _, id := range records {
		floors[id] = r.floors[id]
	}
	return floors
}
