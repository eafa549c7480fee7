package admin

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/byhand"
)

// A resolveAnswer is the answer of GET resolve.
type resolveAnswer struct {
	Model string       `json:"model"`
	ID    string       `json:"id"`
	Would []wouldPurge `json:"would_purge"`
	More  int          `json:"more,omitempty"`
	Error string       `json:"error,omitempty"` // what a rule could not name: the rest is purged anyway
}

type wouldPurge struct {
	Dependency cache.Dependency `json:"dependency"`
	By         []string         `json:"by"`
}

func serveResolve(ctx context.Context, h *handler, r *http.Request) (any, error) {
	q := r.URL.Query()
	return h.resolve(ctx, q.Get("model"), q.Get("id"))
}

const maxID = 256

// resolve says what saving a model would purge.
func (h *handler) resolve(ctx context.Context, model, id string) (*resolveAnswer, error) {
	load := h.opts.Models[model]
	switch {
	case load == nil && len(h.opts.Models) == 0:
		return nil, fail(http.StatusNotFound, "no models can be asked about: admin.Options.Models is empty")
	case load == nil:
		return nil, fail(http.StatusNotFound, "model: %q is none of %q", byhand.Line(model, maxID), h.models())
	case id == "" || len(id) > maxID:
		return nil, fail(http.StatusBadRequest, "id: want from 1 to %d bytes", maxID)
	}
	m, err := load(ctx, id)
	if err != nil {
		return nil, fail(http.StatusNotFound, "load %s %s: %w", model, byhand.Line(id, maxID), err)
	}
	targets, err := h.inv.Resolve(m)
	a := &resolveAnswer{Model: model, ID: id, Would: []wouldPurge{}}
	if err != nil {
		a.Error = redact(fmt.Sprint(err))
	}
	all := targets.Dependencies()
	for _, d := range all[:min(len(all), maxNames)] {
		by := targets.NamedBy(d)
		a.Would = append(a.Would, wouldPurge{d, by[:min(len(by), maxShown)]})
	}
	a.More = len(all) - len(a.Would)
	return a, nil
}

// models returns the names of the models, sorted.
func (h *handler) models() []string {
	names := make([]string, 0, len(h.opts.Models))
	for name := range h.opts.Models {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
