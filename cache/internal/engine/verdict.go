package engine

// A Verdict says what a stored value is worth to a request that begins now.
type Verdict uint8

const (
	// Absent: nothing is stored, or it has expired.
	Absent Verdict = iota
	// Fresh: no later event names what the value was made from. It may be
	// served.
	Fresh
	// SoftPurged: only soft events name it. It may be served by those who
	// allow stale values, while one fill makes its successor.
	SoftPurged
	// Purged: a later event names it, or one may have that is not known any
	// more. It must not be served.
	Purged
	// Bypassed: the context asked for no cache, see [cache.WithBypass].
	Bypassed
)

// String returns the verdict in lower case, as it stands in Cache-Status
// details.
func (v Verdict) String() string {
	switch v {
	case Absent:
		return "absent"
	case Fresh:
		return "fresh"
	case SoftPurged:
		return "soft-purged"
	case Purged:
		return "purged"
	case Bypassed:
		return "bypassed"
	}
	return "unknown"
}
