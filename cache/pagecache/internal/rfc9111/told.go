package rfc9111

import "time"

// Told is what the program, and not the response, has said of the lifetime of a page
// and of the pages in it: pagecache.SetTTL.
type Told struct {
	Set, Limited bool
	TTL          time.Duration // if Set
	Limit        time.Duration // if Limited: no part of the page may be older
}

// Counts reports whether t counts for responses with a status code.
func (t Told) Counts(status int) bool { return (t.Set || t.Limited) && ttlCounts(status) }

// apply returns the lifetime of a response with a status code, which is life
// without it.
func (t Told) apply(r *Rules, status int, life time.Duration, known bool) (time.Duration, bool) {
	if !t.Counts(status) {
		return life, known
	}
	if t.Set {
		life, known = t.TTL, true
	}
	if t.Limited && (!known || t.Limit < life) {
		life, known = t.Limit, true
	}
	if saysGone(status) && r.ErrorTTL > 0 { // as in ttlOf
		life = min(life, r.ErrorTTL)
	}
	return life, known
}
