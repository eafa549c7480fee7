package main

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/keys"
	"github.com/uncache/uncache/keys/route"
)

// happened are events, as invalidate/admin says them.
type happened struct {
	Events   []event        `json:"events"`
	Position cache.Position `json:"position"`
	Next     cache.Position `json:"next"`
	More     bool           `json:"more,omitempty"`
}

type event struct {
	cache.Event
	More int `json:"more,omitempty"` // names that are left out
}

func events(ctx context.Context, c *call, args []string) (int, error) {
	if err := none(args); err != nil {
		return 0, err
	}
	var after cache.Position
	if c.after != "" {
		n, err := strconv.ParseUint(c.after, 10, 64)
		if err != nil {
			return 0, usage("-after: %q is no position", c.after)
		}
		after = cache.Position(n)
	}
	if c.n < 1 || c.n > 1000 {
		return 0, usage("-n: %d is not from 1 to 1000", c.n)
	}
	var list happened
	var err error
	if c.overRedis() {
		list, err = c.eventsRedis(ctx, after)
	} else {
		err = c.ask(ctx, http.MethodGet, "events", c.eventQuery(), nil, &list)
	}
	if err != nil {
		return 0, err
	}
	if c.json {
		return exitDone, c.printJSON(list)
	}
	for _, e := range list.Events {
		soft := ""
		if e.Soft {
			soft = "softly, "
		}
		c.printf("%d  %s  %sby %s: %s\n", e.Position, e.Time.Local().Format(time.DateTime), soft, line(e.Origin), line(e.Reason))
		for _, d := range e.Dependencies {
			c.printf("    %s\n", line(string(d)))
		}
		if e.More > 0 {
			c.printf("    and %d more\n", e.More)
		}
	}
	if len(list.Events) == 0 {
		c.printf("there are none in the log\n")
	}
	return exitDone, nil
}

func (c *call) eventQuery() url.Values {
	q := url.Values{"limit": {strconv.Itoa(c.n)}}
	if c.after != "" {
		q.Set("after", c.after)
	}
	for name, values := range map[string][]string{
		"url": c.names.URLs, "path": c.names.Paths, "prefix": c.names.Prefixes, "route": c.names.Routes, "group": c.names.Groups,
	} {
		q[name] = values
	}
	return q
}

// eventsRedis reads the log in Redis.
func (c *call) eventsRedis(ctx context.Context, after cache.Position) (a happened, err error) {
	deps, err := c.asked()
	if err != nil {
		return a, err
	}
	s, err := c.open(ctx)
	if err != nil {
		return a, err
	}
	defer s.close()
	const most = 20 // names of an event
	a.Events = []event{}
	for e, err := range s.Events(ctx, after, deps...) {
		if err != nil {
			return a, err
		}
		shown := event{Event: e, More: max(len(e.Dependencies)-most, 0)}
		shown.Dependencies = e.Dependencies[:min(len(e.Dependencies), most)]
		a.Position, a.Next = e.Position, e.Position
		if len(a.Events) < c.n {
			a.Events = append(a.Events, shown)
			continue
		}
		if a.More = true; c.after != "" {
			a.Next = a.Events[len(a.Events)-1].Position
			break
		}
		a.Events = append(a.Events[1:], shown)
	}
	if c.after == "" {
		slices.Reverse(a.Events)
	}
	return a, nil
}

// asked returns the dependencies that the flags ask about.
func (c *call) asked() (deps []cache.Dependency, err error) {
	for _, p := range c.names.Paths {
		path, err := keys.Path(p)
		if err != nil {
			return nil, usage("-path: %v", err)
		}
		deps = cache.AppendPathDependencies(deps, path)
	}
	for _, p := range c.names.Prefixes {
		path, err := keys.Path(p)
		if err != nil {
			return nil, usage("-prefix: %v", err)
		}
		deps = append(deps, cache.Prefix(path))
	}
	for _, p := range c.names.Routes {
		r, err := route.Parse(p)
		if err != nil {
			return nil, usage("-route: %v", err)
		}
		deps = append(deps, cache.Route(r.Name()))
	}
	for _, name := range c.names.Groups {
		deps = append(deps, cache.Group(name))
	}
	for _, p := range c.names.URLs {
		uri, err := keys.URI(p)
		if err != nil {
			return nil, usage("-page: %v", err)
		}
		deps = append(deps, cache.URI(uri))
		host, rest, _ := strings.Cut(uri, "/")
		path, _, _ := strings.Cut("/"+rest, "?")
		if host != "" {
			deps = append(deps, cache.URI("/"+rest))
		}
		deps = cache.AppendPathDependencies(deps, path)
	}
	return deps, nil
}
