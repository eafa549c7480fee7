package invalidate

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/isnil"
	"github.com/uncache/uncache/keys"
)

// ErrUnsupported is what the Purger of [Keys] returns, wrapped, for names whose keys it
// cannot compute.
var ErrUnsupported = errors.New("no key can be computed")

// Keys returns a Purger that deletes keys from c: b's keys, prefix + path + digest, of
// the paths and URLs in an event. It is for a cache without a log, which other code
// fills under the same keys.
//
// It deletes the keys of plain GETs. Other variants, query strings under a path, and
// pages filled under a mount ([keys.Key.Requested]) stay. So does a page that was being
// rendered when its key was deleted: package coherent prevents that.
//
// Prefixes, groups, All and routes without values have no key, nor have paths and URLs
// without a host if b's Options.Hosts is empty: [ErrUnsupported]. A prefix beside its
// own path is no error. Keys panics if c or b is nil.
func Keys(c cache.Cache, b *keys.Builder) Purger {
	switch {
	case isnil.Value(c):
		panic("invalidate: Keys: the Cache is nil")
	case b == nil:
		panic("invalidate: Keys: the Builder is nil")
	}
	p := keyed{cache: c, builder: b}
	for _, k := range b.PathKeys("/") {
		p.hosts.add(strings.TrimSuffix(k.URI(), "/"))
	}
	return p
}

type keyed struct {
	cache   cache.Cache
	builder *keys.Builder
	hosts   set
}

func (p keyed) Purge(ctx context.Context, e cache.Event) error {
	var found, missing, paths set
	e.Dependencies = cache.WithDecoded(e.Dependencies)
	for _, d := range e.Dependencies {
		if kind, name := cut(d); kind == "path" {
			paths.add(strings.TrimRight(name, "/"))
		}
	}
	for _, d := range e.Dependencies {
		ks := p.keys(d)
		for _, k := range ks {
			found.add(k.String())
		}
		kind, name := cut(d)
		_, named := paths.has[name]
		if len(ks) == 0 && !(kind == "prefix" && named) && !p.isUnkeyed(d) {
			missing.add(spoken(d))
		}
	}
	var errs []error
	if len(found.list) > 0 {
		if err := p.cache.Delete(ctx, found.list...); err != nil {
			errs = append(errs, fmt.Errorf("invalidate.Keys: delete %s: %w", some(found.list), err))
		}
	}
	if len(missing.list) > 0 {
		errs = append(errs, fmt.Errorf("invalidate.Keys: %w: %s", ErrUnsupported, strings.Join(missing.list, ", ")))
	}
	return errors.Join(errs...)
}

// keys returns the keys of what depends on d, as far as they can be computed.
func (p keyed) keys(d cache.Dependency) []keys.Key {
	switch kind, name := cut(d); {
	case kind == "path":
		return p.builder.PathKeys(name)
	case kind != "uri":
		return nil
	case strings.HasPrefix(name, "/"): // on every host
		var all []keys.Key
		for _, host := range p.hosts.list {
			all = append(all, p.urls(host+name)...)
		}
		return all
	default:
		return p.urls(name)
	}
}

// isUnkeyed reports whether d is a page whose path no request has a key for. Nothing is
// stored under it.
func (p keyed) isUnkeyed(d cache.Dependency) bool {
	kind, name := cut(d)
	switch {
	case kind == "uri" && !strings.HasPrefix(name, "/"):
	case kind == "path" || kind == "uri":
		if len(p.hosts.list) == 0 {
			return false
		}
		name = p.hosts.list[0] + name
	default:
		return false
	}
	_, err := p.builder.URL("http://" + name)
	return errors.Is(err, keys.ErrEmptySegment) || errors.Is(err, keys.ErrDotSegment)
}

// urls returns the keys of a URI without a scheme, with either scheme.
func (p keyed) urls(uri string) []keys.Key {
	var all []keys.Key
	for _, scheme := range []string{"http://", "https://"} {
		if k, err := p.builder.URL(scheme + uri); err == nil {
			all = append(all, k)
		}
	}
	return all
}
