package engine

// A Verdict says what a stored value is worth to a request that begins now.
type Verdict uint8

const (
	// Absent: nothing is stored, or it has expired.
	Absent Verdict = iota
	// Fresh: no later event names a dependency of the value. It may be served.
	Fresh
	// SoftPurged: only soft events name one. A request that allows stale values
	// may be given it while one fill makes its successor.
	SoftPurged
	// Purged: a later event names one, or may have: what the process forgot
	// counts as named. The value must not be served.
	Purged
	// Bypassed: the context asked for no cache, see [cache.WithBypass].
	Bypassed
)

// String returns the verdict in lower case, as Cache-Status details have it.
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
