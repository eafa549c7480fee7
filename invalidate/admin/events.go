package admin

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/pagecache"
	"github.com/uncache/uncache/internal/byhand"
	"github.com/uncache/uncache/keys"
	"github.com/uncache/uncache/keys/route"
)

// An eventsAnswer is the answer of GET events.
type eventsAnswer struct {
	Events []eventShown `json:"events"`
	// Position is how far the log was read. Ask for what comes after Next: the last
	// event of the answer if there are more than Limit, or else Position.
	Position cache.Position `json:"position"`
	Next     cache.Position `json:"next"`
	More     bool           `json:"more,omitempty"`
}

// An eventShown is an event with a few of its names: it may have 10,000.
type eventShown struct {
	Position     cache.Position     `json:"position"`
	Time         time.Time          `json:"time"`
	Dependencies []cache.Dependency `json:"dependencies"`
	More         int                `json:"more,omitempty"`
	Soft         bool               `json:"soft,omitempty"`
	Reason       string             `json:"reason,omitempty"`
	Origin       string             `json:"origin,omitempty"`
}

const (
	maxShown      = 20   // names of an event or a row
	defaultEvents = 100  // in an answer
	maxEvents     = 1000 //
)

func show(e cache.Event) eventShown {
	few := min(len(e.Dependencies), maxShown)
	return eventShown{e.Position, e.Time, slices.Clone(e.Dependencies[:few]), len(e.Dependencies) - few, e.Soft, e.Reason, e.Origin}
}

func serveEvents(ctx context.Context, h *handler, r *http.Request) (any, error) {
	q := r.URL.Query()
	limit, err := count(q, "limit", defaultEvents)
	if err != nil {
		return nil, err
	}
	deps, err := filter(q)
	if err != nil {
		return nil, err
	}
	if after := q.Get("after"); after != "" {
		n, err := strconv.ParseUint(after, 10, 64)
		if err != nil {
			return nil, fail(http.StatusBadRequest, "after: %q is no position", byhand.Line(after, 64))
		}
		return h.eventsAfter(ctx, cache.Position(n), limit, deps)
	}
	return h.newest(ctx, limit, deps)
}

// count returns a number of 1 to maxEvents in a query.
func count(q url.Values, name string, def int) (int, error) {
	text := q.Get(name)
	if text == "" {
		return def, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxEvents {
		return 0, fail(http.StatusBadRequest, "%s: %q is not from 1 to %d", name, byhand.Line(text, 64), maxEvents)
	}
	return n, nil
}

// filter returns the dependencies that a query asks about. An event about a path is any
// that purges what is there: one that names the path, or a prefix of it.
func filter(q url.Values) (deps []cache.Dependency, err error) {
	for _, kind := range []string{"url", "path", "prefix", "route", "group"} {
		for _, name := range q[kind] {
			if len(deps) > maxNames {
				return nil, fail(http.StatusBadRequest, "more than %d names are asked about", maxNames)
			}
			of, err := named(kind, name)
			if err != nil {
				return nil, fail(http.StatusBadRequest, "%s: %w", kind, err)
			}
			deps = append(deps, of...)
		}
	}
	return deps, nil
}

func named(kind, name string) ([]cache.Dependency, error) {
	switch kind {
	case "url":
		uri, err := keys.URI(name)
		if err != nil {
			return nil, err
		}
		deps := []cache.Dependency{cache.URI(uri)}
		if u, err := url.Parse("//" + uri); err == nil && u.Host != "" {
			deps = append(deps, cache.URI(u.RequestURI()))
			return cache.AppendPathDependencies(deps, u.EscapedPath()), nil
		}
		if u, err := url.ParseRequestURI(uri); err == nil {
			return cache.AppendPathDependencies(deps, u.EscapedPath()), nil
		}
		return deps, nil
	case "path":
		path, err := keys.Path(name)
		if err != nil {
			return nil, err
		}
		return cache.AppendPathDependencies(nil, path), nil
	case "prefix":
		path, err := keys.Path(name)
		return []cache.Dependency{cache.Prefix(path)}, err
	case "route":
		r, err := route.Parse(name)
		if err != nil {
			return nil, err
		}
		return []cache.Dependency{cache.Route(r.Name())}, nil
	}
	if name == "" {
		return nil, errors.New("the name is empty")
	}
	return []cache.Dependency{cache.Group(name)}, nil
}

// eventsAfter returns the first events after a position.
func (h *handler) eventsAfter(ctx context.Context, after cache.Position, limit int, deps []cache.Dependency) (*eventsAnswer, error) {
	a := &eventsAnswer{Events: []eventShown{}, Next: after}
	for e, err := range h.pages.Events(ctx, after, deps...) {
		if err != nil {
			return nil, unread(err)
		}
		if len(a.Events) == limit {
			a.More = true
			break
		}
		a.Events = append(a.Events, show(e))
		a.Next = e.Position
	}
	a.Position = h.position()
	if !a.More {
		a.Next = max(a.Position, after)
	}
	return a, nil
}

// newest returns the last events, newest first. A log is read forwards, so it begins a
// little before the end, and further back if that was not enough.
func (h *handler) newest(ctx context.Context, limit int, deps []cache.Dependency) (*eventsAnswer, error) {
	a := &eventsAnswer{}
	back := cache.Position(limit)
	if len(deps) > 0 {
		back = 10_000
	}
	for _, err := range h.pages.Events(ctx, ^cache.Position(0)) { // confirms the head
		if err != nil {
			return nil, unread(err)
		}
	}
	for {
		head := h.position()
		after := head - min(head, back)
		list, all, err := last(h.pages.Events(ctx, after, deps...), limit)
		if err != nil {
			return nil, unread(err)
		}
		if len(list) == limit || after == 0 || back > 1<<20 {
			slices.Reverse(list)
			a.Events, a.Position, a.More = list, h.position(), all > limit
			a.Next = a.Position
			return a, nil
		}
		if back *= 100; back > 1<<20 {
			back = ^cache.Position(0)
		}
	}
}

// last returns the last n events of a log, and how many there are.
func last(events iter.Seq2[cache.Event, error], n int) (list []eventShown, all int, err error) {
	ring := make([]cache.Event, 0, n)
	for e, err := range events {
		if err != nil {
			return nil, 0, err
		}
		if len(ring) < n {
			ring = append(ring, e)
		} else {
			ring[all%n] = e
		}
		all++
	}
	list = make([]eventShown, 0, len(ring))
	for i := range ring {
		list = append(list, show(ring[(all+i)%len(ring)]))
	}
	return list, all, nil
}

// unread is the error of a log that could not be read.
func unread(err error) error {
	if errors.Is(err, pagecache.ErrDependency) {
		return fail(http.StatusBadRequest, "%w", err)
	}
	return fail(http.StatusBadGateway, "%w", fmt.Errorf("the log could not be read: %w", err))
}

// position is how far this process has read the log.
func (h *handler) position() cache.Position { return h.pages.Stats().Store.Position }
