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

// Targets is what a rule names, in canonical form and each of it once. What
// cannot be named, such as a path without its first slash, is an error that
// Invalidate returns; the other targets are purged all the same.
//
// A Targets is not safe for concurrent use.
type Targets struct {
	found  map[cache.Dependency]*target
	by     string // who is naming: "blog.Post 42 -> blog.Author ada"
	models []any
	soft   bool
	// problems are what could not be named.
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
	by   set  // by whom
	soft bool // by nobody who did not call Soft
}

// Path names everything under each of paths: all hosts, query strings and
// variants. A path begins with a slash and has no query string. It is read as a
// URL has it: "/100%25/" is the page of "100%". What should have been escaped,
// as in "/café/", is escaped for you, but a "%" cannot be told from an escape
// ([Targets.Route] escapes any value).
//
// There are no patterns: "/blog/{slug}/" and "/blog/*" are errors, since as paths
// they would purge nothing. [Targets.Route] names all that a pattern served,
// [Targets.Prefix] a subtree. A path that does end with a star has it as "%2A".
func (t *Targets) Path(paths ...string) {
	for _, p := range paths {
		if p, ok := t.path("path", p); ok {
			t.name(cache.Path(p))
		}
	}
}

// URL names each of urls, with its query string, in all variants. Without a
// host ("/blog/?page=2") it is that of every host; the scheme does not matter.
// Parameters that do not count (keys.Options.Query) need not be left out if the
// Purger is a pagecache.Cache or that of [Keys], which knows which they are. Any
// other is told the URL with all of them, which is not what a page is stored
// under; leave them out. Where no query string matters, use Path.
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

// Prefix names the subtree of each of prefixes: "/blog/" and "/blog" are both
// "/blog", "/blog/" and everything below, on all hosts. As in [Targets.Path], there
// are no patterns.
func (t *Targets) Prefix(prefixes ...string) {
	for _, p := range prefixes {
		if p, ok := t.path("prefix", p); ok {
			t.name(cache.Prefix(p))
		}
	}
}

// Route names the path that r has with values, as [Targets.Path] does, or
// without values every page that r served. A route without wildcards is the
// path that it is.
//
// A pattern that ends with a slash serves a subtree: with "/blog/{slug}/" the
// handler of a post answers "/blog/hello/" and "/blog/hello/anything" alike. So
// the path is named together with its subtree, as [Targets.Prefix] does, and
// "/blog/" without values is every page that the route served. "/blog/{slug}/{$}"
// serves one path, and names one.
//
// A page knows its route by what [net/http.ServeMux] says in Request.Pattern, or
// by pagecache.SetRoute. Neither the method nor the names of wildcards need be
// those of the mux ([cache.Route]). Which route served a page is not always
// known: a purge of a route takes the pages of unknown route with it.
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

// Group names everything in each of the groups, as a handler did with
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

// Model says that models have changed, too: what their rules name is named.
// A model that was asked already is not asked again, so that two rules may name
// one another. A nil pointer of a type that has a rule names nothing: it is a
// relation that this row does not have.
func (t *Targets) Model(models ...any) { t.models = append(t.models, models...) }

// Soft says that what this rule names may still be served while one fill
// renders it anew, by those who allow that: a counter, a list of what others
// read. It does not reach the rules of other models. A purge is soft if all
// that it names is; what one rule names softly and another does not is not.
func (t *Targets) Soft() { t.soft = true }

// path returns the canonical form of what was given as a kind of path, unless it is
// a pattern.
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

// name notes that d is named, under both forms of its path if decoding its
// encoded slashes gives another.
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

// kindOf is the kind of the error err about a path or URL: no request has an empty
// one, or one with dot segments, which clients resolve.
func kindOf(name string, err error) problemKind {
	if name == "" || errors.Is(err, keys.ErrDotSegment) {
		return noPage
	}
	return unnameable
}

// merge adds what other names, and by whom.
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
