package cache

import "strings"

// Decoded returns d with the encoded slashes of its path decoded, and whether
// there are any. "path:/docs/a%2Fb" becomes "path:/docs/a/b".
//
// A handler that goes by http.Request.URL.Path, as [net/http.FileServer] does,
// or by a {path...} wildcard, gives one page for both spellings. So a stored
// response depends on both, and an event that names one names both. Kinds other
// than path, prefix and uri have no path. Nothing is stored under a path whose
// decoded form has empty segments or dot segments: ok is false for it.
func (d Dependency) Decoded() (decoded Dependency, ok bool) {
	kind, name, _ := strings.Cut(string(d), ":")
	if kind != "path" && kind != "prefix" && kind != "uri" {
		return d, false
	}
	path, query := name, ""
	if kind == "uri" {
		if i := strings.IndexByte(name, '?'); i >= 0 {
			path, query = name[:i], name[i:]
		}
	}
	if path, ok = decodedPath(path); !ok {
		return d, false
	}
	if kind == "prefix" {
		return Prefix(path), true
	}
	return Dependency(kind + ":" + path + query), true
}

// decodedPath returns a path, behind a host or without, with its encoded slashes
// decoded, if there are any and a page may be stored under what that gives.
func decodedPath(path string) (decoded string, ok bool) {
	if !strings.Contains(path, "%2F") && !strings.Contains(path, "%2f") {
		return path, false
	}
	decoded = slashes.Replace(path)
	return decoded, !cleans(decoded)
}

// cleans reports whether a path, behind its host, has an empty segment before
// its end, or a dot segment.
func cleans(path string) bool {
	path = path[max(strings.IndexByte(path, '/'), 0):]
	return strings.Contains(path, "//") || strings.Contains(path+"/", "/./") || strings.Contains(path+"/", "/../")
}

// A canonical path has no "%" that is not the first byte of an encoded one, so
// that nothing else is taken for an encoded slash.
var slashes = strings.NewReplacer("%2F", "/", "%2f", "/")

// WithDecoded returns deps and, behind them, each decoded form that is not
// among them. It returns deps itself where there is none to add, and never
// writes into its array.
func WithDecoded(deps []Dependency) []Dependency {
	all := deps
	var known map[Dependency]bool
	for _, d := range deps {
		decoded, ok := d.Decoded()
		if !ok {
			continue
		}
		if known == nil {
			known = make(map[Dependency]bool, len(deps))
			for _, d := range deps {
				known[d] = true
			}
			all = deps[:len(deps):len(deps)]
		}
		if !known[decoded] {
			known[decoded] = true
			all = append(all, decoded)
		}
	}
	return all
}
