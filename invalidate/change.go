package invalidate

import (
	"context"
	"fmt"
	"strings"

	"github.com/uncache/uncache/invalidate/internal/batch"
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

// maxReason is the longest reason, in bytes.
const maxReason = 1024

// WithReason returns a context in which the purges of Invalidate have this reason,
// "blog.Post 42 deleted by ada" for instance. Without it they have the names of the
// models, and "saved". The log keeps the reason, to answer why a page was purged. Of a
// long reason it keeps the first 1,024 bytes.
func WithReason(ctx context.Context, reason string) context.Context {
	if len(reason) > maxReason {
		reason = strings.ToValidUTF8(reason[:maxReason], "") + "..."
	}
	return context.WithValue(ctx, reasonKey{}, reason)
}

func newChange(ctx context.Context, inv *Invalidator, r *resolution, models []any) *change {
	c := &change{inv: inv, targets: r.targets}
	reason, _ := ctx.Value(reasonKey{}).(string)
	if reason != "" {
		c.reasons.add(reason)
	}
	for _, m := range models {
		for _, s := range inv.subjects(m, subject{}) {
			c.types.add(typeName(s.model))
			if reason == "" {
				c.models.add(label(s.model))
			}
		}
	}
	return c
}

func (c *change) empty() bool { return len(c.targets.found) == 0 }

// Merge adds other to c, if that is a change for the same Invalidator. It reports
// whether it is.
func (c *change) Merge(other batch.Change) bool {
	o := other.(*change)
	if o.inv != c.inv {
		return false
	}
	c.add(o)
	return true
}

func (c *change) add(other *change) {
	c.targets.merge(&other.targets)
	c.models.add(other.models.list...)
	c.types.add(other.types.list...)
	c.reasons.add(other.reasons.list...)
}

// Clone returns a change that may be merged with others while c is not.
func (c *change) Clone() batch.Change {
	d := &change{inv: c.inv}
	d.add(c)
	return d
}

// some returns all of them, or the first three and how many more there are.
func some(all []string) string {
	const shown = 3
	if len(all) <= shown {
		return strings.Join(all, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(all[:shown], ", "), len(all)-shown)
}
