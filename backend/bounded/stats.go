package bounded

import "github.com/uncache/uncache/cache"

// Stats says what a [Backend] holds, and how many values left it or were
// refused since it was made. Bytes are counted as Options.MaxBytes says. Values that
// were not let in count as evicted.
type Stats = cache.Stats

// Stats returns what b holds and what has left it. It settles what b has put
// off, and is not meant to be called for each request.
func (b *Backend) Stats() Stats {
	b.items.CleanUp()
	return Stats{
		Entries: b.items.EstimatedSize(),
		Bytes:   int64(b.items.WeightedSize()),
		Evicted: b.evicted.Load(),
		Expired: b.expired.Load(),
		Refused: b.refused.Load(),
	}
}
