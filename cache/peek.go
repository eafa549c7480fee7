package cache

// LocalPeeker is implemented by a [Local] that can leave it to its caller to see
// whether a value has expired. A caller who knows when the value does, and has
// just read the clock, spares the Local from reading it once more: for a hit in
// memory that is much of what it costs.
type LocalPeeker interface {
	Local

	// PeekLocal returns what GetLocal does, or a value that GetLocal would not
	// return any more for one reason: the ttl that SetLocal was given is over.
	PeekLocal(key []byte) (value any, ok bool)
}
