package pagecache

import "net/http"

// skips reports whether Options.Skip says true of r.
func (o *Options) skips(r *http.Request) bool { return o.Skip != nil && o.holds(o.Skip, r) }

// holds reports whether a condition holds of r: as it came, or as a handler is
// shown it. Otherwise a spelling that slips past Skip, "Host: admin.test:80",
// would share the page of what does not.
func (o *Options) holds(condition func(*http.Request) bool, r *http.Request) bool {
	if condition(r) {
		return true
	}
	seen := o.Keys.Seen(r)
	return seen != r && condition(seen)
}
