package pagecache

import (
	"net/http"
	"strings"

	"github.com/uncache/uncache/cache/pagecache/internal/rfc9111"
)

// isStream reports whether a response may go on for as long as its visitor stays:
// server-sent events, or pictures that replace one another.
func isStream(h http.Header) bool {
	kind, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	kind = strings.TrimSpace(kind)
	return strings.EqualFold(kind, eventStream) || strings.EqualFold(kind, "multipart/x-mixed-replace")
}

// asksForStream reports whether a request asks for server-sent events, as a browser's
// EventSource does. It waits for no other request, and no other waits for it.
func asksForStream(h http.Header) bool {
	found := false
	rfc9111.ListMembers(h, "Accept", func(member string) bool {
		kind, _, _ := strings.Cut(member, ";")
		found = strings.EqualFold(strings.TrimSpace(kind), eventStream)
		return !found
	})
	return found
}

const eventStream = "text/event-stream"
