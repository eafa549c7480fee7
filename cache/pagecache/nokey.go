package pagecache

import (
	"errors"
	"net/http"

	"github.com/uncache/uncache/keys"
)

// whyNoKey says why r has no key.
func (c *Cache) whyNoKey(r *http.Request) reason {
	switch err := c.keys.Check(r); {
	case errors.Is(err, keys.ErrForeignHost):
		return reasonOtherHost
	case errors.Is(err, keys.ErrHost):
		return reasonHost
	case errors.Is(err, keys.ErrPath), errors.Is(err, keys.ErrDotSegment), errors.Is(err, keys.ErrEmptySegment):
		return reasonPath
	case errors.Is(err, keys.ErrQuery):
		return reasonQuery
	}
	return reasonNoKey
}
