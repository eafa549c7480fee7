package rediscache

// Bounds of gathering, for the tests.
const (
	MaxTrips    = maxTrips
	MaxGathered = maxGathered
)

// Gathered is how many reads wait to be sent together.
func (b *Backend) Gathered() int {
	b.gather.mu.Lock()
	defer b.gather.mu.Unlock()
	if b.gather.next == nil {
		return 0
	}
	return len(b.gather.next.keys)
}
