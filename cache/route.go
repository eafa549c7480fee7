package cache

import "strings"

// Route is the dependency of every response that one route served. The name is
// a [net/http.ServeMux] pattern, or whatever pagecache.SetRoute was told.
//
// Patterns are compared by which URLs they match. The method and the names of
// the wildcards are left out, so that Route("GET /blog/{slug}") and
// Route("/blog/{id}") are one dependency, "route:/blog/{}".
//
// Route("") stands for a route that is not known. A response depends on it if
// nothing credible says which route served it, or if its pattern serves a
// subtree and may have passed the request on. An event that names a route must
// name Route("") too, as invalidate.Targets.Route does: not knowing then purges
// too much, and never too little.
func Route(pattern string) Dependency { return Dependency("route:" + routeName(pattern)) }

// routeName returns the part of a pattern that says which URLs it matches.
func routeName(pattern string) string {
	// ServeMux: "[METHOD ][HOST]/[PATH]". A name without a slash, or with a
	// slash before its first space, is no pattern with a method.
	if i := strings.IndexAny(pattern, " \t"); i >= 0 && !strings.Contains(pattern[:i], "/") {
		if rest := strings.TrimLeft(pattern[i:], " \t"); strings.Contains(rest, "/") {
			pattern = rest
		}
	}
	if !strings.Contains(pattern, "/{") {
		return pattern
	}
	segments := strings.Split(pattern, "/")
	for i, s := range segments {
		switch {
		case i == 0 || len(s) < 2 || s[0] != '{' || s[len(s)-1] != '}' || s == "{$}":
		case !strings.HasSuffix(s, "...}"):
			segments[i] = "{}"
		case i == len(segments)-1:
			segments[i] = "" // "/a/{path...}" matches what "/a/" does
		}
	}
	return strings.Join(segments, "/")
}
