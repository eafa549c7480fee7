package pagecache

import "github.com/uncache/uncache/cache/pagecache/internal/rfc9111"

// A reason says in a word why a response was not stored, or not answered from the
// store. Package rfc9111 has those that are HTTP's; these are the cache's own.
type reason = rfc9111.Reason

const storable = rfc9111.Storable

const (
	reasonSession     reason = "session-cookie"
	reasonVisitor     reason = "visitor"
	reasonDoNotStore  reason = "do-not-store"
	reasonTooLarge    reason = "too-large"
	reasonIncomplete  reason = "incomplete"
	reasonDepth       reason = "path-depth"
	reasonURLLength   reason = "url-length"
	reasonUnavailable reason = "cache-unavailable"
	reasonNoKey       reason = "no-key"
	reasonHost        reason = "host"         // malformed, or none
	reasonOtherHost   reason = "unknown-host" // not one of keys.Options.Hosts
	reasonPath        reason = "path"
	reasonQuery       reason = "query"
	reasonRedirect    reason = "redirect-to-itself"
	reasonContent     reason = "content"
	reasonNested      reason = "nested"
	reasonGaveUp      reason = "gave-up"
	reasonUnwrapped   reason = "unwrapped" // the handler wrote to what Unwrap returns

	reasonBypassed     reason = "bypassed" // by the context
	reasonUpgrade      reason = "upgrade"
	reasonSkip         reason = "skip"
	reasonPrecondition reason = "precondition"
	reasonConnection   reason = "connection" // it names fields
	reasonOnlyIfCached reason = "only-if-cached"
	reasonStaleIfError reason = "stale-if-error"
	reasonSoft         reason = "soft-purged" // and served while its successor is made
)

// queryCut stands behind the reason of a response that was not stored and whose
// handler was given less than the visitor's query: it could not have known that
// the parameter which it reads does not count (keys.Options.Query).
const queryCut = ":query-cut"
