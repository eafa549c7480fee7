package rfc9111

import "time"

// Rules are the choices that RFC 9111 leaves to a cache. Their meaning is that of the
// fields of pagecache.Options and pagecache.Proxy with the same names. They are not
// changed while they are in use.
type Rules struct {
	Name       string   // by which Surrogate-Control may address this cache
	Targeted   []string // fields of RFC 9213, the first one first
	IgnoreVary []string // canonical names

	TTL, ErrorTTL        time.Duration
	StaleWhileRevalidate time.Duration
	StaleIfError         time.Duration
	KeepStale            time.Duration

	// A proxy's choices.
	Transparent, ClientDirectives, Refresh, Heuristic, StoreSetCookie bool
}
