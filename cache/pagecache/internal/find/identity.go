package find

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

// An Identity is what a request asks for, by the names that a purge knows.
type Identity struct {
	Keys    *keys.Builder // made Primary, and makes the keys of variants
	Primary string
	Origin  string
	URIs    []string           // by the path of the URL and, where it is another, by that of RequestURI
	Paths   []string           // the same without host and query
	Deps    []cache.Dependency // what its response depends on from birth
}

// Identify returns the identity of a request by the keys that b makes; ok is false if
// its path is too deep.
func Identify(b *keys.Builder, r *http.Request) (id Identity, ok bool) {
	k := b.Request(r)
	paths := pathsOf(k)
	if !k.Valid() || slices.ContainsFunc(paths, isDeep) {
		return Identity{}, false
	}
	id = Identity{b, k.String(), Origin(k), URIsOf(k), paths, make([]cache.Dependency, 0, 8)}
	for _, uri := range id.URIs {
		// A purge names a URL with its host, or without.
		id.Deps = append(id.Deps, cache.URI(uri), cache.URI(strings.TrimPrefix(uri, id.Origin)))
	}
	id.Deps = cache.WithDecoded(id.Deps)
	for i, d := range id.Deps { // they are held while the handler runs
		id.Deps[i] = d.Bounded()
	}
	for _, path := range paths {
		id.Deps = cache.AppendPathDependencies(id.Deps, path)
	}
	slices.Sort(id.Deps)
	id.Deps = slices.Compact(id.Deps)
	return id, true
}

// isDeep reports whether a path has too many segments, also when its encoded slashes are
// decoded.
func isDeep(path string) bool {
	return strings.Count(path, "/")+strings.Count(path, "%2F") > maxDepth
}

// pathsOf returns the paths by which a purge may know the page of k: the one that the
// handler saw and, if middleware outside the cache has changed it, the one that the client
// asked for.
func pathsOf(k keys.Key) []string {
	if asked := k.Requested(); asked != "" {
		return []string{k.Path(), asked}
	}
	return []string{k.Path()}
}

// URIsOf returns the URIs of pathsOf, with the host and the query of k.
func URIsOf(k keys.Key) []string {
	uris := []string{k.URI()}
	if asked := k.Requested(); asked != "" {
		uris = append(uris, Origin(k)+asked+strings.TrimPrefix(k.Target(), k.Path()))
	}
	return uris
}

// Origin is the host of a key: what tells one origin from another, where the
// scheme is that of a proxy.
func Origin(k keys.Key) string { return strings.TrimSuffix(k.URI(), k.Target()) }
