package pagecache

import (
	"context"
	"net/http"

	"github.com/uncache/uncache/cache/pagecache/internal/background"
)

// Warming reports whether ctx is that of a request which the cache itself makes
// to warm a page up, see [Options.Warm]: it is no visit.
func Warming(ctx context.Context) bool { return background.Warming(ctx) }

// newWarmer returns what renders pages again that were purged, or nil. front returns a
// handler with the cache in front of it.
func (c *Cache) newWarmer(front func(next http.Handler) http.Handler) *background.Warmer {
	config := background.Config{
		Group:   c.background,
		Workers: c.opts.Warm,
		Timeout: c.opts.RefreshTimeout,
		Keys:    c.keys,
		Render: func(next http.Handler, h http.Header, r *http.Request) {
			front(next).ServeHTTP(discard(h), r)
		},
	}
	if c.opts.Observe != nil {
		config.Tell = func(r *http.Request, detail string, err error) {
			c.report(r, &Observation{Detail: detail, Err: err})
		}
	}
	return background.NewWarmer(config)
}

// discard is the client of a response that nobody waits for.
type discard http.Header

func (d discard) Header() http.Header { return http.Header(d) }

func (discard) Write(b []byte) (int, error) { return len(b), nil }

func (discard) WriteHeader(int) {}

func (discard) Flush() {}

// tell tells Observe once of each reason not to render in the background.
func (c *Cache) tell(r *http.Request, why string) { c.tellOnce(r, detailTied+why) }

const detailTied = "not rendered in the background: "
