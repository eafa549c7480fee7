package pagecache

import (
	"net/http"
	"slices"
)

// selectingFields returns the names in Vary, canonical, sorted, each once, less
// those that say nothing of what is stored here.
func (o *Options) selectingFields(h http.Header) []string {
	var names []string
	listMembers(h, "Vary", func(member string) bool {
		if name := http.CanonicalHeaderKey(member); !slices.Contains(o.IgnoreVary, name) {
			names = append(names, name)
		}
		return true
	})
	slices.Sort(names)
	return slices.Compact(names)
}
