package cache

import "time"

// Stats is what a [Cache] holds, and how many values left it or were refused since it
// was made.
type Stats struct {
	Entries int   `json:"entries"` // values stored, expired ones included until they are found
	Bytes   int64 `json:"bytes"`   // as the options of the Cache count them

	Evicted uint64 `json:"evicted"` // for lack of room
	Expired uint64 `json:"expired"` // for their age
	Refused uint64 `json:"refused"` // not stored, since they are too large alone
}

// Counter is implemented by a [Cache] that knows what it holds, and can say so without
// I/O.
type Counter interface {
	Cache

	// Stats returns what the Cache holds. It may be called at any time, also after the
	// end of the Cache, but not for each request.
	Stats() Stats
}

// A Histogram says how often something happened, and how long it took.
type Histogram struct {
	// Count is how often it happened.
	Count uint64 `json:"count"`
	// Sum is how long it took, all times together.
	Sum time.Duration `json:"sum_ns"`
	// Buckets count how often it took at most so long. A bucket counts what is in those
	// before it, too. What took longer than all of them is in Count alone.
	Buckets []Bucket `json:"buckets"`
}

// A Bucket counts what took at most UpTo.
type Bucket struct {
	UpTo  time.Duration `json:"up_to_ns"` // the bound
	Count uint64        `json:"count"`    // how often it took at most that
}
