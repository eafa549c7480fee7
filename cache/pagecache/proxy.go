package pagecache

import (
	"net/http"

	"github.com/uncache/uncache/cache/pagecache/internal/rfc9111"
)

// A Proxy is for a handler that is a reverse proxy: its origin speaks HTTP for itself,
// and asking it costs more than rendering a page does. The zero value is the default,
// and right for every other handler. docs/options.md has more about each field.
type Proxy struct {
	// Transparent leaves responses as the origin made them: no ETag is added, and no
	// "Cache-Control: no-cache". Where nothing is stored, the origin is asked the
	// visitor's own conditions, once in a row (RFC 9111 §4.3.2). Parts (206) are stored,
	// combined, and answer for what is in them.
	Transparent bool

	// ClientDirectives obeys the Cache-Control of requests (RFC 9111 §5.2.1): no-cache,
	// max-age, min-fresh, max-stale and only-if-cached. A request with no-store is not
	// answered from the store, and a stale response is kept for max-stale, as long as
	// Options.KeepStale. Without it no visitor can make the origin work.
	//
	// Nothing of the response to a request with no-store is stored, in any case.
	ClientDirectives bool

	// AllETags sends the strong ETags of all stored variants in If-None-Match, when the
	// origin is asked for a response that varies (RFC 9111 §4.3.1). If it answers 304 for
	// one of them, that variant's body answers the request. The origin's ETags must
	// differ wherever its responses do (RFC 9110 §8.8.3); many don't. Variants that
	// Cookie or Authorization select are never asked about.
	AllETags bool

	// Refresh obeys the stale-while-revalidate of responses where
	// Options.StaleWhileRevalidate is 0. Without either, nothing is refreshed in the
	// background, whatever the origin says. See docs/background.md.
	Refresh bool

	// Heuristic gives responses without a lifetime, where Options.TTL is 0, a tenth of
	// the time since their Last-Modified, a day at most (RFC 9111 §4.2.2). It counts for
	// all status codes of RFC 9110 §15.1, and for what says public.
	Heuristic bool

	// StoreSetCookie stores responses that set cookies, if all else allows it, and gives
	// the cookie to everybody. RFC 9111 §7.3 allows it. It is meant for cookies that are
	// the same for all visitors. A cookie that middleware outside the cache sets is not
	// stored, but the page may show it.
	StoreSetCookie bool
}

// clientControl reads what a request says about caching (RFC 9111 §5.2.1). Pragma
// counts where there is no Cache-Control (§5.4).
func clientControl(h http.Header) rfc9111.Control {
	asks := rfc9111.ParseControl(h["Cache-Control"])
	// A request with no-store may be answered from the store (§5.2.1.5). But its sender
	// means to have nothing to do with it.
	asks.NoCache = asks.NoCache || asks.NoStore || !asks.Present && rfc9111.HasNoCachePragma(h)
	return asks
}
