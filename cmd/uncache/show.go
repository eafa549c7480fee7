package main

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/uncache/uncache/cache/pagecache"
)

func explain(ctx context.Context, c *call, args []string) (int, error) {
	if len(args) != 1 {
		return 0, usage("want one URL or path")
	}
	var raw json.RawMessage
	if err := c.ask(ctx, http.MethodGet, "explain", url.Values{"url": args, "header": c.headers}, nil, &raw); err != nil {
		return 0, err
	}
	var x pagecache.Explanation
	var also struct{ Error string }
	if err := json.Unmarshal(raw, &x); err != nil {
		return 0, err
	}
	if err := json.Unmarshal(raw, &also); err != nil {
		return 0, err
	}
	if c.json {
		if err := c.printJSON(raw); err != nil {
			return 0, err
		}
	} else {
		c.printf("%s", x.String())
		if also.Error != "" {
			c.printf("  error      %s\n", line(also.Error))
		}
	}
	if x.Hit {
		return exitDone, nil
	}
	return exitNo, nil
}

func resolve(ctx context.Context, c *call, args []string) (int, error) {
	if len(args) != 2 {
		return 0, usage("want a model and an ID")
	}
	var raw json.RawMessage
	if err := c.ask(ctx, http.MethodGet, "resolve", url.Values{"model": {args[0]}, "id": {args[1]}}, nil, &raw); err != nil {
		return 0, err
	}
	var a struct {
		Would []struct {
			Dependency string
			By         []string
		} `json:"would_purge"`
		More  int
		Error string
	}
	if err := json.Unmarshal(raw, &a); err != nil {
		return 0, err
	}
	if c.json {
		return exitDone, c.printJSON(raw)
	}
	for _, w := range a.Would {
		c.printf("%s", line(w.Dependency))
		for i, by := range w.By {
			c.printf("%s%s", map[bool]string{true: "  by ", false: ", "}[i == 0], line(by))
		}
		c.printf("\n")
	}
	if a.More > 0 {
		c.printf("and %d more\n", a.More)
	}
	if a.Error != "" {
		c.printf("not all of it could be named: %s\n", line(a.Error))
	}
	return exitDone, nil
}

func stats(ctx context.Context, c *call, args []string) (int, error) {
	if err := none(args); err != nil {
		return 0, err
	}
	var raw json.RawMessage
	if err := c.ask(ctx, http.MethodGet, "stats", nil, nil, &raw); err != nil {
		return 0, err
	}
	if c.json {
		return exitDone, c.printJSON(raw)
	}
	var a struct{ Pages pagecache.Stats }
	if err := json.Unmarshal(raw, &a); err != nil {
		return 0, err
	}
	s := a.Pages.Store
	state := "answers"
	if !s.Available {
		state = "does not answer"
	}
	c.printf("backend  %s; the log was read %s ago, to position %d; %d outages, %d gaps\n", state, s.ViewAge.Round(time.Millisecond), s.Position, s.Outages, s.Gaps)
	routes := a.Pages.Routes
	total := func(r pagecache.RouteStats) (n uint64) {
		for _, count := range r.Requests {
			n += count
		}
		return n
	}
	slices.SortStableFunc(routes, func(a, b pagecache.RouteStats) int { return cmp.Compare(total(b), total(a)) })
	c.printf("%10s %8s %12s  %s\n", "requests", "hits", "rendering", "route")
	for _, r := range routes {
		n := total(r)
		hits := 0.0
		if n > 0 {
			hits = 100 * float64(r.Requests["hit"]) / float64(n)
		}
		name := r.Pattern
		if name == "" {
			name = "(not known)"
		}
		c.printf("%10d %6.1f %% %12s  %s\n", n, hits, r.Took.Round(time.Millisecond), line(name))
	}
	return exitDone, nil
}
