package pagecache

import (
	"net/http"

	"github.com/uncache/uncache/cache/pagecache/internal/rfc9111"
)

// clientControl reads what a request says about caching (RFC 9111 §5.2.1). Pragma
// counts where there is no Cache-Control (§5.4).
func clientControl(h http.Header) rfc9111.Control {
	asks := rfc9111.ParseControl(h["Cache-Control"])
	// A request with no-store may be answered from the store (§5.2.1.5). But its sender
	// means to have nothing to do with it.
	asks.NoCache = asks.NoCache || asks.NoStore || !asks.Present && rfc9111.HasNoCachePragma(h)
	return asks
}

// notCached answers only-if-cached (RFC 9111 §5.2.1.7).
func (c *Cache) notCached(w http.ResponseWriter, r *http.Request) {
	c.refuse(w, r, status{fwd: fwdRequest, detail: string(reasonOnlyIfCached)}, "not cached", http.StatusGatewayTimeout)
}
