package pagecache

import (
	"net/http"
	"time"

	"github.com/uncache/uncache/keys"
)

// Options configures a [Cache]. The zero value is the default. A duration is 0, or at
// least 1 ms. docs/options.md has more about some fields.
type Options struct {
	// Keys makes the keys that responses are stored under. Default
	// keys.New("page", nil).
	//
	// If its Options.Query says which parameters count, no GET handler behind the cache
	// sees any other parameter. Name all that any handler reads, or leave the paths of
	// those handlers out with Skip. See docs/options.md.
	Keys *keys.Builder

	// TTL is the freshness lifetime of responses whose handler gave none. It counts for
	// the status codes 200, 203, 204, 300, 301, 308, 404 and 410. Default 0: only
	// responses with an explicit lifetime are stored.
	TTL time.Duration

	// ErrorTTL takes the place of TTL for 404 and 410, and bounds [SetTTL] there.
	// Anybody can invent URLs that do not exist. With a short ErrorTTL their responses
	// soon make room for pages. A purge of the URL ends them at once. Default 0: they
	// get TTL.
	ErrorTTL time.Duration

	// Skip reports whether the cache must ignore a request: no answer from the store,
	// no storing. It is asked about the request as it came and, if that differs, as a
	// handler would see it (keys.Builder.Seen). Nil ignores none.
	//
	// It is also asked whether an unsafe request needs a purge: see docs/options.md.
	Skip func(*http.Request) bool

	// SessionCookies names the cookies by which handlers know their visitors. A request
	// with one of them is answered by its handler, and the answer is given to nobody
	// else. There is one exception. If the handler itself said "Cache-Control: public",
	// visitors and strangers may be given it. See docs/sessions.md.
	//
	// Names are compared whole, in their case. Default none.
	SessionCookies []string

	// Visitor reports whether the handler knows the visitor behind a request by
	// something else than SessionCookies: another field, or what middleware has put
	// into the context. It is asked again after the handler has answered, which may have
	// signed the visitor in. It should be quick, and is called from many goroutines at
	// once. Default nil: SessionCookies alone tell.
	Visitor func(*http.Request) bool

	// StaleWhileRevalidate is how long a stale response is still served while its
	// successor is rendered in the background (RFC 5861 §3). So is a response that was
	// purged softly. A response may forbid it. Default 0: never.
	//
	// A background request has no visitor. Middleware outside the cache does not run,
	// so there is no session, no CSRF token, no value set by a router. Where the cache
	// notices that, it renders in the foreground and tells Observe once. See
	// docs/background.md.
	StaleWhileRevalidate time.Duration

	// EarlyRefresh renders the successor of a fresh response in the background, by
	// chance, shortly before it expires (XFetch). The closer the expiry, the more
	// requests, and the longer a rendering takes, the likelier. So visitors of a busy
	// page never wait. 1 is the value of the paper; greater values refresh earlier, but
	// never before half of the lifetime. See docs/background.md. Default 0: never.
	EarlyRefresh float64

	// Warm is how many pages are rendered at a time in the background after a purge
	// through this Cache, so that the next visitor finds them. About 4,000 pages that
	// this Cache stored itself are remembered, in 8 MiB at most. Up to 256 wait; Observe
	// is told of the others. [Warming] tells such a request. See docs/warming.md.
	// Default 0: nothing is warmed.
	Warm int

	// RefreshTimeout is how long a rendering in the background may take. Default 30 s.
	RefreshTimeout time.Duration

	// StaleIfError is how long a stale response is still served in place of a 500, 502,
	// 503 or 504 of the handler, unless the response forbids it (RFC 5861 §4). Default
	// 0: never.
	StaleIfError time.Duration

	// KeepStale is how long a stale response is kept because the handler can be asked
	// about it: one to which the handler gave an ETag or a Last-Modified. It counts from
	// the moment when the response became stale, or from its arrival if it was stale
	// then. Default 10 minutes.
	KeepStale time.Duration

	// Targeted names the targeted cache control fields that this cache obeys in place
	// of Cache-Control and Expires: the first that is valid (RFC 9213). It may be
	// "CDN-Cache-Control", or a field of your own. "Surrogate-Control" is older than
	// that, and is read as it was meant then. Default none.
	Targeted []string

	// IgnoreVary names fields that count for nothing in Vary, because middleware outside
	// the cache put them there: a compressor adds Accept-Encoding, while what is stored
	// is the same for all. Naming a field that the handler looks at gives visitors one
	// another's pages. With Accept-Encoding the cache makes weak ETags, and answers few
	// Ranges: see docs/options.md. Default none.
	IgnoreVary []string

	// MaxBody is the size in bytes up to which a response is stored. A larger one is
	// passed through. Default 1 MiB.
	MaxBody int

	// MaxVariants is how many responses of one URL are stored, where they vary; the
	// oldest make room. It holds whatever Vary says from one response to the next.
	// Processes that store variants of one URL at the same moment, or have near tiers,
	// may each keep as many. Default 64.
	MaxVariants int

	// CollapseTimeout is how long a request waits for the renderings of others, in this
	// process and, by a lease, in others. Then it renders for itself, and nobody waits
	// for that. A rendering that takes much longer than the last one is joined by
	// others. See docs/waiting.md. Default 10 s.
	CollapseTimeout time.Duration

	// PurgeTimeout is how long the purge that an unsafe request calls for may hold up
	// its answer (RFC 9111 §4.4). Requests that come at once share a purge. Default 5 s.
	PurgeTimeout time.Duration

	// Name is how this cache calls itself in Cache-Status (RFC 9211). It is a token.
	// Default "uncache".
	Name string

	// StatusKey puts the key of a response into Cache-Status. Default off: it tells a
	// visitor how the cache is laid out.
	StatusKey bool

	// Proxy is for a handler that is a reverse proxy. Nil, for all others, is the zero
	// Proxy.
	Proxy *Proxy

	// Observe, if not nil, is told of every request when it is over: after its response
	// was written, and also if the handler panicked. It is called from many goroutines at
	// once, and should return quickly. [SlogObserver] returns one. The Observe of
	// coherent.Options is told what the backend does wrong.
	Observe func(*http.Request, Observation)
}
