// Package engine is the rule on which everything else rests: it decides which
// stored values may be served. Package coherent has the rule in words.
//
// Files, from the first to read to those that know least:
//
//	engine.go      Cache: New, Purge, Close
//	values.go      Values: look up, judge, store
//	hit.go         the same for a hit in memory, at once
//	flight.go      fills that others wait for; crowd.go: who waits; lease.go: over processes
//	fill.go        Fill: a stamp, and what it was made from
//	confirm.go     is the view as recent as the request? recall.go, skip.go: long logs
//	breaker.go     a backend that is away
//	store.go       one value in several tiers; envelope.go: as bytes
//	view.go        what the log has named; table.go: in bounded memory
//	verdict.go     Fresh, Purged, SoftPurged, Absent, Bypassed
package engine
