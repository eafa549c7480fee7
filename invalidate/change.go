package invalidate

import (
	"context"
	"fmt"
	"strings"
)

// A change is what the models of one call, or of one batch, make stale for one
// Invalidator.
type change struct {
	inv     *Invalidator
	targets Targets
	models  set // labels of the models that were passed: "blog.Post 42"
	types   set // their types: "blog.Post"
	reasons set // what WithReason said instead
}

type reasonKey struct{}

// WithReason returns a context in which Invalidate gives reason for its purges,
// in place of the models' names and "saved": "blog.Post 42 deleted by ada". The
// log keeps it to answer why a page was purged.
func WithReason(ctx context.Context, reason string) context.Context {
	return context.WithValue(ctx, reasonKey{}, reason)
}

func newChange(ctx context.Context, inv *Invalidator, r *resolution, models []any) *change {
	c := &change{inv: inv, targets: r.targets}
	reason, _ := ctx.Value(reasonKey{}).(string)
	if reason != "" {
		c.reasons.add(reason)
	}
	for _, m := range models {
		for _, m := range inv.elements(m) {
			c.types.add(typeName(m))
			if reason == "" {
				c.models.add(label(m))
			}
		}
	}
	return c
}

func (c *change) empty() bool { return len(c.targets.found) == 0 }

func (c *change) merge(other *change) {
	c.targets.merge(&other.targets)
	c.models.add(other.models.list...)
	c.types.add(other.types.list...)
	c.reasons.add(other.reasons.list...)
}

// some names all, or the first of many.
func some(all []string) string {
	const shown = 3
	if len(all) <= shown {
		return strings.Join(all, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(all[:shown], ", "), len(all)-shown)
}
