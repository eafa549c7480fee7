package admin

import (
	"context"
	"net/http"
	"time"

	"github.com/uncache/uncache/cache/pagecache"
	"github.com/uncache/uncache/invalidate"
)

// A statsAnswer is the answer of GET stats.
type statsAnswer struct {
	Time        time.Time        `json:"time"`
	Pages       pagecache.Stats  `json:"pages"`
	Invalidator invalidate.Stats `json:"invalidator"`
}

func serveStats(_ context.Context, h *handler, _ *http.Request) (any, error) {
	return statsAnswer{time.Now(), h.pages.Stats(), h.inv.Stats()}, nil
}
