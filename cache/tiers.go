package cache

// Tiered is implemented by a [Cache] that is composed of several, nearest
// first. A reader of the log asks them one after another, since a near tier may hold
// a response that was purged, and a farther one its successor.
//
// Where the last tier is a [HeadGetter], its log is the one that decides.
type Tiered interface {
	Cache

	// Tiers returns the caches, nearest first. The slice stays the Tiered's.
	Tiers() []Cache
}

// Tiers returns the caches that c is composed of, nearest first: those of c's
// own Tiers, or c alone.
func Tiers(c Cache) []Cache {
	if t, ok := c.(Tiered); ok {
		return t.Tiers()
	}
	return []Cache{c}
}
