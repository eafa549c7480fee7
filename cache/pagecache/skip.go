package pagecache

import "net/http"

// skips reports whether Options.Skip says true of r: as it came, or as a handler
// is shown it. Otherwise a spelling that slips past Skip, "Host: admin.test:80",
// would share the page of what does not.
func (c *Cache) skips(r *http.Request) bool {
	if c.opts.Skip == nil {
		return false
	}
	if c.opts.Skip(r) {
		return true
	}
	seen := c.keys.Seen(r)
	return seen != r && c.opts.Skip(seen)
}
