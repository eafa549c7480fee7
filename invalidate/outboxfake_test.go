package invalidate_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/internal/invtest"
)

// outbox is an Outbox in memory that records its calls in a trace. It fails the test if
// a call breaks the rules of an Outbox.
type outbox struct {
	*invtest.Trace
	t    *testing.T
	keep error // what Keep returns
	wide bool  // returns an ID too many

	mu   sync.Mutex
	rows map[string]bool // by ID: whether it was purged
}

func newOutbox(t *testing.T, tr *invtest.Trace) *outbox {
	return &outbox{Trace: tr, t: t, rows: map[string]bool{}}
}

func (o *outbox) Enqueue(ctx context.Context, x invalidate.Execer, events []cache.Event) ([]string, error) {
	if len(events) == 0 {
		o.t.Error("Enqueue of no events")
	}
	var ids []string
	for _, e := range events {
		if len(e.Dependencies) == 0 {
			o.t.Error("Enqueue of an event that names nothing")
		}
		if _, err := x.ExecContext(ctx, "ENQUEUE "+brief(e)); err != nil {
			return nil, err
		}
		o.mu.Lock()
		id := fmt.Sprint("#", len(o.rows)+1)
		o.rows[id] = false
		o.mu.Unlock()
		ids = append(ids, id)
	}
	if o.wide {
		ids = append(ids, "#?")
	}
	return ids, nil
}

func (o *outbox) Keep(ctx context.Context, events []cache.Event) error {
	if err := ctx.Err(); err != nil {
		o.t.Errorf("Keep in a context that is done: %v", err)
	}
	if _, ok := ctx.Deadline(); !ok {
		o.t.Error("Keep without a deadline")
	}
	for _, e := range events {
		o.Add("KEEP " + brief(e))
	}
	return o.keep
}

func (o *outbox) Purged(ctx context.Context, ids []string) {
	if err := ctx.Err(); err != nil {
		o.t.Errorf("Purged in a context that is done: %v", err)
	}
	if _, ok := ctx.Deadline(); !ok {
		o.t.Error("Purged without a deadline")
	}
	o.mu.Lock()
	for _, id := range ids {
		if done, ok := o.rows[id]; !ok || done {
			o.t.Errorf("Purged(%q): enqueued: %v, purged before: %v", id, ok, done)
		}
		o.rows[id] = true
	}
	o.mu.Unlock()
	o.Add("PURGED " + strings.Join(ids, " "))
}

// brief is what e names, or how much.
func brief(e cache.Event) string {
	if len(e.Dependencies) > 5 {
		return fmt.Sprint(len(e.Dependencies), " dependencies")
	}
	return join(e.Dependencies)
}
