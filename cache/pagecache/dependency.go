package pagecache

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/named"
	"github.com/uncache/uncache/keys"
	"github.com/uncache/uncache/keys/route"
)

// ErrDependency is what [Cache.Purge] and [Cache.PurgeURL] return, wrapped, for a name that
// is a mistake: no page can depend on it. A name that has a canonical form is purged in
// that form as well, and the error says which it is.
var ErrDependency = errors.New("nothing can depend on this")

// canonical adds to what an event names the names by which stored responses know it. What
// was named stays: a value of coherent.Fetch may depend on it.
func (c *Cache) canonical(deps []cache.Dependency) ([]cache.Dependency, error) {
	own := false // whether deps is a copy
	var errs []error
	for _, d := range deps {
		known, err := c.canonicalOf(d)
		if err != nil {
			errs = append(errs, refusal(d, err))
		}
		for _, k := range known {
			if k == d {
				continue
			}
			if !own {
				own, deps = true, slices.Clone(deps)
			}
			deps = append(deps, k)
		}
	}
	return cache.WithDecoded(deps), errors.Join(errs...)
}

// canonicalOf returns the names by which stored responses know d, if they know things of
// its kind by names of one form.
func (c *Cache) canonicalOf(d cache.Dependency) ([]cache.Dependency, error) {
	kind, name, ok := strings.Cut(string(d), ":")
	switch {
	case d == "":
		return nil, errors.New("it is empty")
	case !ok || kind == "" || strings.Contains(kind, "/"):
		return nil, errors.New("it has no kind: make it with cache.Path, cache.URI or cache.Group, for instance")
	case kind == "path":
		canonical, err := keys.Path(name)
		if err != nil {
			return nil, fmt.Errorf("%w (cache.URI takes whole URLs)", err)
		}
		return []cache.Dependency{cache.Path(canonical)}, nil
	case kind == "prefix" && name != "": // or everything below the root
		canonical, err := keys.Path(name)
		if err != nil {
			return nil, err
		}
		return []cache.Dependency{cache.Prefix(canonical)}, nil
	case kind == "uri":
		return c.canonicalURI(name)
	case kind == "route":
		return []cache.Dependency{canonicalRoute(name)}, nil
	case kind == "group" && name == "":
		return nil, errors.New("the group has no name")
	case d != cache.All && kind == "all":
		return nil, errors.New("cache.All has no name")
	}
	return nil, nil
}

// canonicalRoute returns the dependency of a route, whose literals may be escaped
// in any way. In the name that [cache.Route] makes, wildcards have lost theirs.
func canonicalRoute(name string) cache.Dependency {
	segments := strings.Split(name, "/")
	for i, s := range segments {
		if s == "{}" {
			segments[i] = fmt.Sprintf("{w%d}", i)
		}
	}
	if r, err := route.Parse(strings.Join(segments, "/")); err == nil {
		name = r.Name()
	}
	return cache.Route(name)
}

// canonicalURI returns a URI in canonical form, with the query parameters that it
// has and with those that count.
func (c *Cache) canonicalURI(uri string) ([]cache.Dependency, error) {
	target := strings.HasPrefix(uri, "//") // it may be a path of any host, "//a/", or have one
	uri = withHost(uri)
	canonical, err := keys.URI(uri)
	switch {
	case errors.Is(err, keys.ErrQuery):
		return nil, nil // a request for it has no key, so that nothing is stored of it
	case err != nil && target:
		return nil, nil // a page that is known by it is known by this spelling
	case err != nil:
		return nil, err
	}
	known := []cache.Dependency{cache.URI(canonical)}
	if counted, err := c.keys.URI(uri); err == nil && counted != canonical {
		known = append(known, cache.URI(counted))
	}
	return known, nil
}

func refusal(d cache.Dependency, err error) error {
	return fmt.Errorf("pagecache: purge %q: %w: %w", string(d), ErrDependency, err)
}

// uncanonical returns an error for each path, prefix and URI of deps that is not in
// canonical form: no stored response knows it.
func uncanonical(deps []cache.Dependency) error {
	var errs []error
	for _, d := range deps {
		kind, name, _ := strings.Cut(string(d), ":")
		var canonical string
		var err error
		switch {
		case kind == "path", kind == "prefix" && name != "":
			canonical, err = keys.Path(name)
		case kind == "uri":
			canonical, err = keys.URI(withHost(name))
		default:
			continue
		}
		if err == nil && canonical != name { // canonicalOf says what is wrong with others
			errs = append(errs, refusal(d, fmt.Errorf("its canonical form is %q, which is purged too; PurgeURL takes any spelling", canonical)))
		}
	}
	return errors.Join(errs...)
}

// mistakenURI returns an error for a URI that is well formed, but not what a person means
// who types it.
func (c *Cache) mistakenURI(uri string) error {
	whole := withHost(uri)
	if _, err := keys.URI(whole); err != nil {
		return nil // canonicalURI says what is wrong with it
	}
	path, _, _ := strings.Cut(uri, "#")
	path, _, _ = strings.Cut(path, "?")
	if err := named.CheckPath(path); err != nil {
		return err
	}
	if _, err := c.keys.URL(whole); errors.Is(err, keys.ErrForeignHost) {
		return err
	}
	if host, _, _ := strings.Cut(path, "/"); whole != uri && host != "localhost" && !strings.ContainsAny(host, ".:]") && !c.namesHosts() {
		return fmt.Errorf("it names the host %q: a path begins with a slash, and the URI of such a host with \"http://\"", host)
	}
	return nil
}

// namesHosts reports whether keys.Options.Hosts names any.
func (c *Cache) namesHosts() bool {
	_, err := c.keys.URL("/")
	return !errors.Is(err, keys.ErrNoHost)
}

// withHost returns uri in a form that says whether it begins with a host.
func withHost(uri string) string {
	scheme, _, whole := strings.Cut(uri, "://")
	if !strings.HasPrefix(uri, "/") && (!whole || strings.Contains(scheme, "/")) {
		return "//" + uri // with a host, without a scheme
	}
	return uri
}
