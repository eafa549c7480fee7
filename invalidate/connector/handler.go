package connector

import (
	"net/http"

	"github.com/uncache/uncache/invalidate"
)

// Handler returns next with contexts in which transactions are followed
// ([invalidate.Follow]). When a request is done it tries once more what could
// not be purged after a COMMIT; whether that fails as well is told to
// Options.Observe of the Invalidator.
//
// It belongs outside of the page cache, which learns from the mux which route
// has served a page; and reads that are in no transaction are cached as ever.
func Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, batch := invalidate.Follow(r.Context())
		defer func() { _ = batch.Flush(ctx) }() // Observe has been told
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}
