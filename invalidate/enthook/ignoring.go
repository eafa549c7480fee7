package enthook

import (
	"context"
	"strings"
	"sync"

	"entgo.io/ent"
	"github.com/uncache/uncache/invalidate/internal/assigned"
)

type ignoringKey struct{}

// An ignoring is an update that sets fields of Options.Ignore, and nothing else as far
// as its mutation says. Hooks may add fields, and a modifier may add to the statement.
type ignoring struct {
	fields []string

	mu   sync.Mutex
	sets bool // it sets others, too
}

func changesEdges(m ent.Mutation) bool {
	return len(m.AddedEdges())+len(m.RemovedEdges())+len(m.ClearedEdges()) > 0
}

// checked is an error, or nil.
type checked struct{ error }

// passes is told of each statement of the update before it runs.
func (i *ignoring) passes(query string) {
	if i == nil || len(query) >= 6 && strings.EqualFold(query[:6], "SELECT") || assigned.Only(query, i.fields) {
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.sets = true
}

func ignoringOf(ctx context.Context) *ignoring {
	i, _ := ctx.Value(ignoringKey{}).(*ignoring)
	return i
}
