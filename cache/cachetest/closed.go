package cachetest

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/uncache/uncache/cache"
)

// closedUnderUse closes c while some users call use, again and again. What use returns
// must be nil or ErrClosed.
func closedUnderUse(c io.Closer, use func(user int) error) error {
	const users, rounds = 4, 20
	var busy sync.WaitGroup
	busy.Add(users)
	closed := make(chan struct{})
	return together(users+1, func(i int) error {
		if i == users {
			defer close(closed)
			busy.Wait()
			if err := c.Close(); err != nil {
				return fmt.Errorf("Close() under use: got error %w, want none", err)
			}
			return nil
		}
		isBusy := sync.OnceFunc(busy.Done)
		defer isBusy()
		for n := 0; ; n++ {
			if n == rounds {
				isBusy()
			}
			ended := isClosed(closed)
			err := use(i)
			if err != nil && !errors.Is(err, cache.ErrClosed) {
				return fmt.Errorf("overtaken by Close: got error %w, want %w", err, cache.ErrClosed)
			}
			if err != nil {
				return nil
			}
			if ended {
				return fmt.Errorf("a call that began after Close: got no error, want %w", cache.ErrClosed)
			}
		}
	})
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
