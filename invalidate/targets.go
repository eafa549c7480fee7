package invalidate

import (
	"errors"
	"fmt"
	"strings"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/named"
	"github.com/uncache/uncache/keys"
	"github.com/uncache/uncache/keys/route"
)

// Targets is what a rule names, in canonical form, each name once. A name that cannot
// be made, such as a path without its first slash, is an error that Invalidate returns.
// The other targets are purged anyway.
//
// A Targets is not safe for concurrent use.
type Targets struct {
	found  map[cache.Dependency]*target
	by     string // the models that name now: "blog.Post 42 -> blog.Author ada"
	models []any
	soft   bool
	// problems are the values that could not be named.
	problems []problem
}

// A problem is a value that could not be named.
type problem struct {
	error
	kind problemKind
}

// A problemKind is what a problem means for a row as it was.
type problemKind int

const (
	unnameable problemKind = iota // there may have been a page
	noPage                        // there was none: no request can have such a path
	mistake                       // of the rule: it fails for every row
)

// A target is a dependency that was named.
type target struct {
	by   set  // the models that named it
	soft bool // all of them named it softly
}

// Path names everything under each of paths: all hosts, query strings and variants. A
// path begins with a slash and has no query string. It is read as in a URL: "/100%25/"
// is the page of "100%". What should have been escaped, as in "/café/", is escaped for
// you. But a "%" cannot be told from an escape: [Targets.Route] escapes any value.
//
// A pattern is an error: "/blog/{slug}/" and "/blog/*" would purge nothing as paths.
// Use [Targets.Route] for everything that a pattern served, and [Targets.Prefix] for a
// subtree. A path that does end with a star has it as "%2A".
func (t *Targets) Path(paths ...string) {
	for _, p := range paths {
		if p, ok := t.path("path", p); ok {
			t.name(cache.Path(p))
		}
	}
}

// URL names each of urls, with its query string, in all variants. Without a host, as in
// "/blog/?page=2", it is the URL on every host. The scheme does not matter.
//
// For a pagecache.Cache and the Purger of [Keys] you may leave in parameters that do
// not count (keys.Options.Query). For any other Purger leave them out. Where no query
// string matters, use Path.
func (t *Targets) URL(urls ...string) {
	for _, u := range urls {
		uri, err := keys.URI(u)
		if err != nil {
			t.fail(kindOf(u, err), "%w", err)
			continue
		}
		t.name(cache.URI(uri))
	}
}

// Prefix names the subtree of each of prefixes. "/blog/" and "/blog" are both "/blog",
// "/blog/" and everything below, on all hosts. A pattern is an error, as in
// [Targets.Path].
func (t *Targets) Prefix(prefixes ...string) {
	for _, p := range prefixes {
		if p, ok := t.path("prefix", p); ok {
			t.name(cache.Prefix(p))
		}
	}
}

// Route names the path that r has with values, or without values every page that r
// served. A route without wildcards is its path.
//
// If the pattern ends with a slash, Route names the whole subtree: with "/blog/{slug}/"
// the same handler answers "/blog/hello/" and "/blog/hello/anything".
// "/blog/{slug}/{$}" is one path.
//
// A page knows its route by Request.Pattern of [net/http.ServeMux], or by
// pagecache.SetRoute. The method and the names of wildcards do not matter
// ([cache.Route]). A purge of a route also takes the pages whose route is not known.
func (t *Targets) Route(r route.Route, values ...any) {
	if r.Pattern() == "" {
		t.fail(mistake, "route: the Route is empty: make it with route.Parse")
		return
	}
	if len(values) == 0 && servesMany(r) {
		t.name(cache.Route(r.Name()))
		t.name(cache.Route(""))
		return
	}
	p, err := r.Path(values...)
	if err != nil {
		kind := unnameable
		switch {
		case errors.Is(err, route.ErrSegment):
			kind = noPage
		case len(values) != len(r.Wildcards()):
			kind = mistake
		}
		t.fail(kind, "%w", err)
		return
	}
	if p, ok := t.canonical("route", p); ok {
		t.name(cache.Path(p))
		if servesSubtree(r) {
			t.name(cache.Prefix(p))
		}
	}
}

// Group names everything in each of the groups. A handler puts its page into a group by
// pagecache.AddGroups or a Cache-Groups field (RFC 9875).
func (t *Targets) Group(names ...string) {
	for _, n := range names {
		if n == "" {
			t.fail(noPage, "group: the name is empty")
			continue
		}
		t.name(cache.Group(n))
	}
}

// All names everything that is stored.
func (t *Targets) All() { t.name(cache.All) }

// Model says that models have changed, too: what their rules name is named. No model is
// asked twice, so two rules may name each other. A nil pointer of a type with a rule
// names nothing: this row does not have that relation.
func (t *Targets) Model(models ...any) { t.models = append(t.models, models...) }

// Soft says that what this rule names may still be served while one fill renders it
// again, where StaleWhileRevalidate allows that. Use it for a counter, or a list of
// popular pages. It does not apply to the rules of other models. A purge is soft only
// if everything in it was named softly, by every rule that named it.
func (t *Targets) Soft() { t.soft = true }

// path returns the canonical form of p, unless that is a pattern. kind is for the
// error.
func (t *Targets) path(kind, p string) (string, bool) {
	if err := named.CheckPath(p); err != nil {
		t.fail(unnameable, "%s: %w", kind, err)
		return "", false
	}
	return t.canonical(kind, p)
}

func (t *Targets) canonical(kind, p string) (string, bool) {
	canonical, err := keys.Path(p)
	if err != nil {
		t.fail(kindOf(p, err), "%s: %w (it begins with a slash, and has no host or query string; URL names one page)", kind, err)
		return "", false
	}
	return canonical, true
}

// name notes that d is named. If decoding its encoded slashes gives another path, that
// is named too.
func (t *Targets) name(d cache.Dependency) {
	t.note(d)
	if decoded, ok := d.Decoded(); ok {
		t.note(decoded)
	}
}

func (t *Targets) note(d cache.Dependency) {
	if t.found == nil {
		t.found = make(map[cache.Dependency]*target)
	}
	found := t.found[d]
	if found == nil {
		found = new(target)
		t.found[d] = found
	}
	found.by.add(t.by)
}

func (t *Targets) fail(kind problemKind, format string, args ...any) {
	t.problems = append(t.problems, problem{fmt.Errorf(format, args...), kind})
}

// kindOf is the kind of the error err about a path or URL. No request has an empty one,
// or one with dot segments, which clients resolve.
func kindOf(name string, err error) problemKind {
	if name == "" || errors.Is(err, keys.ErrDotSegment) {
		return noPage
	}
	return unnameable
}

// merge adds what other names, and which models named it.
func (t *Targets) merge(other *Targets) {
	if t.found == nil {
		t.found = make(map[cache.Dependency]*target, len(other.found))
	}
	for d, theirs := range other.found {
		ours := t.found[d]
		if ours == nil {
			ours = &target{soft: theirs.soft}
			t.found[d] = ours
		}
		ours.soft = ours.soft && theirs.soft
		ours.by.add(theirs.by.list...)
	}
}

// servesMany reports whether r serves more paths than one.
func servesMany(r route.Route) bool {
	return len(r.Wildcards()) > 0 || servesSubtree(r)
}

func servesSubtree(r route.Route) bool { return strings.HasSuffix(r.Pattern(), "/") }
