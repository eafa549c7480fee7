package cache

import "context"

// HeadGetter is implemented by a [Backend] that can read a value and the head
// of the log in one round trip. It makes a hit cost one.
type HeadGetter interface {
	Backend

	// GetHead is Get, and the position of the log's head beside it, read no
	// earlier than the call. A head of 0 says that the log could not tell, and
	// that Since must be asked; the value may be used. A missing value with a
	// known head is not an error.
	GetHead(ctx context.Context, key string) (value []byte, ok bool, head Position, err error)
}
