package pagecache

import "net/http"

// skips reports whether Options.Skip says true of r.
func (c *Cache) skips(r *http.Request) bool { return c.opts.Skip != nil && c.holds(c.opts.Skip, r) }

// holds reports whether a condition is true of r: as it came, or as a handler is shown it.
// Otherwise a spelling that slips past Skip ("Host: admin.test:80") would share a page with
// requests that do not.
func (c *Cache) holds(condition func(*http.Request) bool, r *http.Request) bool {
	if condition(r) {
		return true
	}
	seen := c.opts.Keys.Seen(r)
	return seen != r && condition(seen)
}
