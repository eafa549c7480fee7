package rfc9111

import (
	"net/http"
	"slices"
)

// SelectingFields returns the names in Vary, canonical, sorted, each once, less
// those that say nothing of what is stored here.
func (r *Rules) SelectingFields(h http.Header) []string {
	var names []string
	ListMembers(h, "Vary", func(member string) bool {
		if name := http.CanonicalHeaderKey(member); !slices.Contains(r.IgnoreVary, name) {
			names = append(names, name)
		}
		return true
	})
	slices.Sort(names)
	return slices.Compact(names)
}
