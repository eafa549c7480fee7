package engine

import (
	"context"
	"time"

	"github.com/uncache/uncache/cache"
)

const (
	// recallPatience is how long one page of what was skipped may take. Nobody
	// waits for it.
	recallPatience = 5 * time.Second

	// recallPause is how long it takes until a page that failed is asked for
	// again.
	recallPause = time.Second
)

// recall sees to it that what the view has skipped is read in the background.
func (c *Cache) recall() {
	if c.view().skipped.Load() == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.recalling && !c.closed.Load() {
		c.recalling = true
		c.wg.Go(c.recallAll)
	}
}

// recallAll reads what was skipped, until nothing is left. A page that fails is
// told to Observe, but not each of several in a row.
func (c *Cache) recallAll() {
	ended := false
	defer func() {
		if !ended { // the log has ended the goroutine: the next read begins anew
			c.mu.Lock()
			defer c.mu.Unlock()
			c.recalling = false
		}
	}()
	failing := false
	for {
		w, asked, ok := c.owesOrEnds()
		if !ok {
			ended = true
			return
		}
		lost, err := c.recallPage(w, asked)
		if c.life.Err() != nil {
			return
		}
		if lost != 0 {
			c.tell(Observation{Op: OpGap, Floor: lost})
		}
		if err != nil && !failing {
			c.observe(OpSince, "", err)
		}
		if failing = err != nil; !failing {
			continue
		}
		select {
		case <-time.After(recallPause):
		case <-c.life.Done():
			return
		}
	}
}

// owesOrEnds returns what was skipped. If that is nothing, nobody recalls any
// more: the next to skip something begins anew.
func (c *Cache) owesOrEnds() (*view, owed, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	w := c.view()
	asked, ok := w.owes()
	c.recalling = ok
	return w, asked, ok
}

// recallPage reads one page of what was skipped. It returns the floor if events
// are lost that the process could have judged by.
func (c *Cache) recallPage(w *view, asked owed) (lost cache.Position, err error) {
	ctx, cancel := context.WithTimeout(c.life, recallPatience)
	defer cancel()
	events, err := c.page(ctx, asked.at)
	if err == nil && w.recall(asked, events) {
		lost = cache.Position(w.floor.Load())
	}
	return lost, err
}
