package connector

import (
	"net/http"

	"github.com/uncache/uncache/invalidate"
)

// Handler returns next with contexts in which transactions are followed
// ([invalidate.Follow]). At the end of a request it tries again what could not be
// purged after a COMMIT. If that fails too, Options.Observe of the Invalidator is told.
//
// It belongs outside the page cache, which learns the route of a page from the mux.
// Reads outside a transaction are cached as without it.
func Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, batch := invalidate.Follow(r.Context())
		defer func() { _ = batch.Flush(ctx) }() // Observe has been told
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}
