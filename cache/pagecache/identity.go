package pagecache

import (
	"net/http"
	"slices"
	"strings"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/keys"
)

// maxDepth bounds the number of path prefixes that a stored response depends
// on. Deeper paths are passed through.
const maxDepth = 64

// An identity is what a request asks for, by the names that a purge knows.
type identity struct {
	keys    *keys.Builder // made primary, and makes the keys of variants
	primary string
	origin  string
	uris    []string           // by the path of the URL and, where it is another, by that of RequestURI
	paths   []string           // the same without host and query
	deps    []cache.Dependency // what its response depends on from birth
}

// identify returns the identity of a request; ok is false if its path is too
// deep.
func (c *Cache) identify(r *http.Request, visitor reason) (id identity, ok bool) {
	b := c.keysFor(visitor)
	k := b.Request(r)
	paths := pathsOf(k)
	if !k.Valid() || slices.ContainsFunc(paths, isDeep) {
		return identity{}, false
	}
	id = identity{b, k.String(), origin(k), urisOf(k), paths, make([]cache.Dependency, 0, 8)}
	for _, uri := range id.uris {
		// A purge names a URL with its host, or without.
		id.deps = append(id.deps, cache.URI(uri), cache.URI(strings.TrimPrefix(uri, id.origin)))
	}
	id.deps = cache.WithDecoded(id.deps)
	for i, d := range id.deps { // they are held while the handler runs
		id.deps[i] = d.Bounded()
	}
	for _, path := range paths {
		id.deps = cache.AppendPathDependencies(id.deps, path)
	}
	slices.Sort(id.deps)
	id.deps = slices.Compact(id.deps)
	return id, true
}

// isDeep reports whether a path has too many segments, or has when its encoded
// slashes are decoded.
func isDeep(path string) bool {
	return strings.Count(path, "/")+strings.Count(path, "%2F") > maxDepth
}

// pathsOf returns the paths by which a purge may know the page of k: the one that
// the handler saw and, where somebody around the cache has changed it, the one
// that the client asked for.
func pathsOf(k keys.Key) []string {
	if asked := k.Requested(); asked != "" {
		return []string{k.Path(), asked}
	}
	return []string{k.Path()}
}

// urisOf returns the URIs of pathsOf, with the host and the query of k.
func urisOf(k keys.Key) []string {
	uris := []string{k.URI()}
	if asked := k.Requested(); asked != "" {
		uris = append(uris, origin(k)+asked+strings.TrimPrefix(k.Target(), k.Path()))
	}
	return uris
}
