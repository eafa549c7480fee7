package pagecache

import (
	"net/http"
	"slices"
)

// selectingFields returns the names in Vary, canonical, sorted, each once.
func selectingFields(h http.Header) []string {
	var names []string
	listMembers(h, "Vary", func(member string) bool {
		names = append(names, http.CanonicalHeaderKey(member))
		return true
	})
	slices.Sort(names)
	return slices.Compact(names)
}
