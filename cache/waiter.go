package cache

import "context"

// Waiter is implemented by a [Log] that can tell a reader when it has grown. It makes
// reading quicker, and no promise rests on it: a reader also looks from time to time.
type Waiter interface {
	Log

	// Wait returns nil when the log may have an event after a position.
	//
	// An event may come without a word.
	// If Wait cannot listen it returns an error: errors.ErrUnsupported if it never can,
	// the error of ctx if that is done.
	Wait(ctx context.Context, after Position) error
}
