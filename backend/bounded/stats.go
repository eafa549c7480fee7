package bounded

// Stats says what a [Backend] holds, and how many values left it or were
// refused since it was made.
type Stats struct {
	Entries int   // values stored, expired ones included until they are found
	Bytes   int64 // as Options.MaxBytes counts them

	Evicted uint64 // for lack of room, those that were not let in among them
	Expired uint64 // for their age
	Refused uint64 // not stored, since they exceed MaxBytes alone
}

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
