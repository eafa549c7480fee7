package main

import (
	"context"
	"net/http"
	"time"

	box "github.com/uncache/uncache/invalidate/outbox"
)

func outbox(ctx context.Context, c *call, args []string) (int, error) {
	if err := none(args); err != nil {
		return 0, err
	}
	if len(c.revive) > 0 || len(c.drop) > 0 || c.all {
		return c.changeOutbox(ctx)
	}
	var a struct {
		Stats   box.Stats `json:"stats"`
		Pending []box.Row `json:"pending"`
		Dead    []box.Row `json:"dead"`
	}
	if err := c.ask(ctx, http.MethodGet, "outbox", nil, nil, &a); err != nil {
		return 0, err
	}
	if c.json {
		if err := c.printJSON(a); err != nil {
			return 0, err
		}
	} else {
		c.printf("%d pending, the oldest for %s; %d dead\n", a.Stats.Pending, a.Stats.Oldest.Round(time.Millisecond), a.Stats.Dead)
		for _, rows := range [][]box.Row{a.Dead, a.Pending} {
			for _, r := range rows {
				c.printRow(r)
			}
		}
	}
	if a.Stats.Dead > 0 {
		return exitNo, nil
	}
	return exitDone, nil
}

func (c *call) printRow(r box.Row) {
	state := "pending"
	if r.Dead {
		state = "dead"
	}
	c.printf("%s  %s, %s old, %d tries  by %s: %s\n", line(r.ID), state, r.Age.Round(time.Second), r.Tries, line(r.Origin), line(r.Reason))
	for _, d := range r.Dependencies {
		c.printf("    %s\n", line(string(d)))
	}
	if r.More > 0 {
		c.printf("    and %d more\n", r.More)
	}
	if r.LastError != "" {
		c.printf("    error: %s\n", line(r.LastError))
	}
}

func (c *call) changeOutbox(ctx context.Context) (int, error) {
	body := map[string]any{"revive": c.revive, "drop": c.drop, "revive_all": c.all}
	var a struct {
		Revived int64 `json:"revived"`
		Dropped int64 `json:"dropped"`
	}
	if err := c.ask(ctx, http.MethodPost, "outbox", nil, body, &a); err != nil {
		return 0, err
	}
	if c.json {
		return exitDone, c.printJSON(a)
	}
	c.printf("revived %d, dropped %d\n", a.Revived, a.Dropped)
	return exitDone, nil
}
