package pagecache

import (
	"context"
	"errors"
	"strings"

	"github.com/uncache/uncache/cache"
)

// Purge records e in the log. When it has returned nil, no request that begins later is
// answered with a response that depends on what e names and whose rendering began before:
// in every process that shares the log (see
// [coherent.Cache.Purge]). It also gives memory back, where it can.
//
// Paths, prefixes and URIs must be canonical, as keys.Path and keys.URI return them;
// [Cache.PurgeURL] takes what people type. A name that nothing can depend on is an error,
// [ErrDependency], and recorded. A page whose route is not known is purged
// with cache.Route only if e names cache.Route("") too.
//
// Pages that [Options.Warm] asks for are rendered again when Purge has returned, unless ctx
// is that of such a rendering ([Warming]).
func (c *Cache) Purge(ctx context.Context, e cache.Event) error {
	return errors.Join(uncanonical(e.Dependencies), c.purge(ctx, e))
}

// PurgeURL purges URLs as people type them: whole, or "/path?query", in any
// spelling, with query parameters that do not count (keys.Options.Query). It purges
// each in all variants, and one without a host on all hosts. Other query strings stay;
// cache.Path covers those.
//
// A URL that no page of this cache can have is an error, [ErrDependency]: one that
// is malformed, a pattern ("/blog/*"; a path that does end with a star has it as
// "%2A"), a host that is not among keys.Options.Hosts, a path without its first
// slash ("blog/hello/"; a host without a dot is written "http://intranet/"). The
// other URLs are purged. It is no error if nothing is stored under a URL.
//
// Otherwise PurgeURL is as [Cache.Purge].
func (c *Cache) PurgeURL(ctx context.Context, urls ...string) error {
	if len(urls) == 0 {
		return nil
	}
	e := cache.Event{Reason: "PurgeURL"}
	var errs []error
	for _, u := range urls {
		if err := c.mistakenURI(u); err != nil {
			errs = append(errs, refusal(cache.URI(u), err))
		}
		e.Dependencies = append(e.Dependencies, cache.URI(u))
	}
	return errors.Join(append(errs, c.purge(ctx, e))...)
}

// CheckURL returns the error that PurgeURL would, and purges nothing.
func (c *Cache) CheckURL(url string) error {
	_, err := c.canonical([]cache.Dependency{cache.URI(url)})
	if mistake := c.mistakenURI(url); mistake != nil {
		err = errors.Join(refusal(cache.URI(url), mistake), err)
	}
	return err
}

// purge is Purge, of names in any spelling.
func (c *Cache) purge(ctx context.Context, e cache.Event) error {
	var malformed error
	e.Dependencies, malformed = c.canonical(e.Dependencies)
	return errors.Join(c.purgeCanonical(ctx, e), malformed)
}

// purgeCanonical appends e, whose names are canonical, to the log, and does what follows
// from it.
func (c *Cache) purgeCanonical(ctx context.Context, e cache.Event) error {
	primary := c.freed(e)
	if err := c.values.Purge(ctx, e, primary...); err != nil {
		return err
	}
	c.recorded(ctx, e, primary)
	return nil
}

// recorded does what follows from e, when it is in the log and the pages under the
// primary keys are deleted.
func (c *Cache) recorded(ctx context.Context, e cache.Event, primary []string) {
	for _, key := range primary {
		c.memo.SetDeleted([]byte(key), true)
	}
	if !Warming(ctx) { // a handler that saves something at each visit would be warmed for ever
		c.warm.Purged(e.Dependencies)
	}
}

// freed returns the primary keys whose pages are deleted after e.
func (c *Cache) freed(e cache.Event) []string {
	if e.Soft { // what became stale may still be served
		return nil
	}
	return c.computable(e.Dependencies)
}

// computable returns the primary keys of what an event names by path, but of those
// known to hold a note: it takes little room, and says which variants to delete when
// one of them is stored again.
func (c *Cache) computable(deps []cache.Dependency) []string {
	var primary []string
	for _, d := range deps {
		if path, ok := strings.CutPrefix(string(d), "path:"); ok {
			for _, k := range c.keys.PathKeys(path) {
				if key := k.String(); c.memo.Fields([]byte(key)) == nil {
					primary = append(primary, key)
				}
			}
		}
	}
	return primary
}
