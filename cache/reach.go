package cache

import "context"

// Reacher is implemented by a [Cache] on a server that it keeps connections to.
// When a network has lost them, nobody tells: each that is used takes its user's
// time, although the server could be reached by a new one.
type Reacher interface {
	Cache

	// Reach asks the server on all connections that wait for use, and on one
	// that is new, at the same time. It returns nil if there was an answer, be
	// it a refusal; otherwise the error of one of them. That the server must not
	// be believed any more is no answer. Connections on which
	// nothing came until ctx was done are not used again.
	Reach(ctx context.Context) error
}
