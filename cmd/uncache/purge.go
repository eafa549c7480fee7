package main

import (
	"context"
	"net/http"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/byhand"
	"github.com/uncache/uncache/invalidate"
)

// purged is what was purged, as invalidate/admin says it.
type purged struct {
	Purged  []cache.Dependency `json:"purged"`
	Soft    bool               `json:"soft,omitempty"`
	Reason  string             `json:"reason"`
	Warning string             `json:"warning,omitempty"`
}

func purge(ctx context.Context, c *call, args []string) (int, error) {
	if err := none(args); err != nil {
		return 0, err
	}
	var done purged
	var err error
	if c.overRedis() {
		done, err = c.purgeRedis(ctx)
	} else {
		done, err = c.purgeAdmin(ctx)
	}
	if err != nil {
		return 0, err
	}
	if c.json {
		return exitDone, c.printJSON(done)
	}
	how := "purged"
	if done.Soft {
		how = "purged softly"
	}
	for _, d := range done.Purged {
		c.printf("%s %s\n", how, line(string(d)))
	}
	if done.Warning != "" {
		c.printf("%s\n", line(done.Warning))
	}
	return exitDone, nil
}

func (c *call) purgeAdmin(ctx context.Context) (done purged, err error) {
	// The same mistakes as over Redis are found without asking.
	if _, err := c.check(invalidate.New(invalidate.Purgers{}, nil)); err != nil {
		return done, err
	}
	body := struct {
		byhand.Names
		Reason string `json:"reason,omitempty"`
	}{c.names, c.reason}
	return done, c.ask(ctx, http.MethodPost, "purge", nil, body, &done)
}

// check returns what the flags name.
func (c *call) check(inv *invalidate.Invalidator) (*invalidate.Targets, error) {
	byhand.Register(inv)
	targets, err := c.names.Check(inv)
	if err != nil {
		return nil, usage("nothing was purged: %v", err)
	}
	return targets, nil
}

func (c *call) purgeRedis(ctx context.Context) (done purged, err error) {
	if len(c.names.URLs) > 0 {
		return done, usage("-page needs -url: which query parameters count is known to the application alone. Use -path over Redis")
	}
	if _, err := c.check(invalidate.New(invalidate.Purgers{}, nil)); err != nil {
		return done, err
	}
	s, err := c.open(ctx)
	if err != nil {
		return done, err
	}
	defer s.close()
	inv := invalidate.New(s, &invalidate.Options{Origin: who(), PurgeTimeout: c.timeout})
	targets, err := c.check(inv)
	if err != nil {
		return done, err
	}
	done = purged{Purged: targets.Dependencies(), Soft: c.names.Soft, Reason: byhand.Reason(who(), c.reason)}
	return done, inv.Invalidate(invalidate.WithReason(ctx, done.Reason), &c.names)
}
