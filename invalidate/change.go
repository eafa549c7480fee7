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

	// ids are those of its events in the outbox, in their order, once they are
	// there. The change is then what it is, and merged with no other.
	ids []string
	// unknown is whether it may not have been committed, nor rolled back.
	unknown bool
	// aside is whether it may be about something else than the transaction that it is
	// queued in, and so is not to be written to an outbox in that.
	aside bool
}

type reasonKey struct{}

// maxReason bounds a reason, in bytes.
const maxReason = 1024

// WithReason returns a context in which Invalidate gives reason for its purges,
// in place of the models' names and "saved": "blog.Post 42 deleted by ada". The
// log keeps it to answer why a page was purged, and of a long one the first 1,024
// bytes.
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

// join merges c into the one among changes that it may be merged with, the first
// few aside, or appends it.
func join(changes []*change, first int, c *change) []*change {
	for _, q := range changes[first:] {
		if q.inv == c.inv && q.ids == nil && c.ids == nil && q.unknown == c.unknown && q.aside == c.aside {
			q.merge(c)
			return changes
		}
	}
	return append(changes, c)
}

func (c *change) merge(other *change) {
	c.targets.merge(&other.targets)
	c.models.add(other.models.list...)
	c.types.add(other.types.list...)
	c.reasons.add(other.reasons.list...)
}

// clone returns a change that may be merged with others while c is not.
func (c *change) clone() *change {
	d := &change{inv: c.inv, ids: c.ids, unknown: c.unknown, aside: c.aside}
	d.merge(c)
	return d
}

// enqueue writes the change's events to the outbox.
func (c *change) enqueue(ctx context.Context, x Execer) error {
	events := c.events()
	ids, err := c.inv.enqueue(ctx, x, events)
	if err == nil && len(ids) != len(events) {
		err = fmt.Errorf("the Outbox gave %d IDs for %d events", len(ids), len(events))
	}
	if err != nil {
		return fmt.Errorf("invalidate: %s: enqueue: %w", some(c.types.list), err)
	}
	c.ids = ids
	return nil
}

// some names all, or the first of many.
func some(all []string) string {
	const shown = 3
	if len(all) <= shown {
		return strings.Join(all, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(all[:shown], ", "), len(all)-shown)
}
