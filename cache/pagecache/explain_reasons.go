package pagecache

import (
	"strings"

	"github.com/uncache/uncache/cache/pagecache/internal/find"
	"github.com/uncache/uncache/cache/pagecache/internal/rfc9111"
)

// sentences say each reason for people. docs/cache-status.md says more.
var sentences = map[reason]string{
	rfc9111.ReasonRequest:    "The request says Cache-Control: no-store.",
	rfc9111.ReasonStatus:     "A response with this status must not be stored.",
	rfc9111.ReasonNoStore:    "The handler said Cache-Control: no-store.",
	rfc9111.ReasonNoCache:    "The handler said no-cache, and the response has no ETag and no Last-Modified by which it could be confirmed.",
	rfc9111.ReasonPrivate:    "The handler said Cache-Control: private.",
	rfc9111.ReasonSetCookie:  "The response sets a cookie, which the next visitor would get. Put the middleware that sets it around pages.Handler.",
	rfc9111.ReasonAuth:       "The request has Authorization, and the handler did not say Cache-Control: public.",
	rfc9111.ReasonVary:       "The handler said Vary: *.",
	rfc9111.ReasonPartial:    "The request asks for a part, or the handler gave one. Ask for the whole once.",
	rfc9111.ReasonTrailer:    "The response has trailers.",
	rfc9111.ReasonNoLifetime: "The handler gave no lifetime, and Options.TTL gives none to this status; or the response was stale from the start. Set Options.TTL, or Cache-Control: max-age in the handler.",
	rfc9111.ReasonFieldName:  "A header field is not in the spelling of net/http. Use Header.Set.",
	rfc9111.ReasonCondition:  "The handler answered 304 to the visitor's own condition.",

	find.ReasonOlder:        "Its Date is before that of the response that was stored.",
	find.ReasonPurged:       "It was purged while it was rendered.",
	find.ReasonRolledBack:   "The handler saved something in a transaction that was rolled back, and the page may show it.",
	find.ReasonStore:        "The backend did not take it. Observe of coherent.Options is told why.",
	find.ReasonTooManyNames: "It depends on more than 65,536 names. Name one group for a whole list.",

	reasonSession:     "The request has one of Options.SessionCookies, so its response is that visitor's alone unless the handler says Cache-Control: public.",
	reasonVisitor:     "Options.Visitor says that a known visitor asks, so the response is theirs alone unless the handler says Cache-Control: public.",
	reasonDoNotStore:  "The handler called DoNotStore.",
	reasonTooLarge:    "It is larger than Options.MaxBody.",
	reasonIncomplete:  "The handler did not complete it, or the visitor left.",
	reasonDepth:       "The path has more than 64 slashes.",
	reasonURLLength:   "Host, path and query have more than 8 KiB together.",
	reasonUnavailable: "The backend or the log does not answer.",
	reasonNoKey:       "A request for this target has no key.",
	reasonHost:        "The request has no host, or a malformed one.",
	reasonOtherHost:   "The host is not one of keys.Options.Hosts.",
	reasonPath:        "The path has an empty segment, a dot segment or a broken escape.",
	reasonQuery:       "The query is malformed, or has more than 256 parameters.",
	reasonRedirect:    "It redirects to the URL of the request.",
	reasonContent:     "A GET with a body is answered by the handler.",
	reasonNested:      "The request is made while another page is rendered.",
	reasonGaveUp:      "The visitor left, or their time was up, while they waited for another's rendering.",
	reasonUnwrapped:   "The handler wrote past the cache, to what Unwrap returns.",

	reasonBypassed:     "The context of the request bypasses the cache, as in a transaction.",
	reasonUpgrade:      "The request asks for another protocol.",
	reasonSkip:         "Options.Skip says true of the request.",
	reasonPrecondition: "The request has If-Match or If-Unmodified-Since, which the handler answers.",
	reasonConnection:   "The Connection of the request names header fields.",
	reasonOnlyIfCached: "The request accepts a stored response only, and there is none.",
	reasonStaleIfError: "The handler failed, and the stored response was served in its place.",
	reasonSoft:         "It was purged softly, and is served while its successor is rendered.",
}

// sentence says a reason for people.
func sentence(r reason) string {
	word, cut := strings.CutSuffix(string(r), queryCut)
	text := sentences[reason(word)]
	if cut {
		text += " The handler did not see the whole query: keys.Options.Query leaves parameters out."
	}
	return strings.TrimSpace(text)
}
