package invalidate

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/uncache/uncache/cache"
)

// Dependencies returns what t names, sorted, each name once. The slice is the caller's.
func (t *Targets) Dependencies() []cache.Dependency {
	return slices.Sorted(maps.Keys(t.found))
}

// NamedBy returns the models whose rules named d, in the order in which they did:
// "blog.Post 42", or "blog.Post 42 -> blog.Author ada" where one rule led to another.
// The slice is the caller's.
func (t *Targets) NamedBy(d cache.Dependency) []string {
	if found := t.found[d]; found != nil {
		return slices.Clone(found.by.list)
	}
	return nil
}

// String returns a line for every dependency, in the order of Dependencies: its name,
// the models that named it, and whether they did so softly.
//
//	group:readers      blog.Post 42 (soft)
//	path:/blog/hello/  blog.Post 42, blog.Author ada
func (t *Targets) String() string {
	deps := t.Dependencies()
	width := 0
	for _, d := range deps {
		width = max(width, len(d))
	}
	var b strings.Builder
	for _, d := range deps {
		line := fmt.Sprintf("%-*s  %s", width, d, strings.Join(t.found[d].by.list, ", "))
		if t.found[d].soft {
			line += " (soft)"
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}

// isSoft reports whether everything that t names was named softly.
func (t *Targets) isSoft() bool {
	for _, found := range t.found {
		if !found.soft {
			return false
		}
	}
	return len(t.found) > 0
}
