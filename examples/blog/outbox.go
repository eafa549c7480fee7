package main

import (
	"context"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/outbox"
)

// outbox opens the node's outbox, in the database of the posts, and starts its
// relay. So a save and its purge are one transaction: if this process ends right
// after COMMIT, or Redis is away, the relay of whichever node lives makes up for
// it.
func (n *node) outbox(ctx context.Context) (*outbox.Outbox, error) {
	box, err := outbox.New(n.site.store.DB(), n.site.store.Dialect(), n.purger(), &outbox.Options{
		Observe: func(o outbox.Observation) {
			if o.Err != nil {
				n.report(o.Err)
			}
		},
	})
	if err != nil {
		return nil, err
	}
	n.closers = append(n.closers, box.Close)
	if err := box.Migrate(ctx); err != nil {
		return nil, err
	}
	return box, box.Start()
}

// purger is the page cache, unless the demonstration has it be away.
func (n *node) purger() invalidate.Purger {
	if n.site.purgeFails == nil {
		return n.pages
	}
	return invalidate.PurgerFunc(func(ctx context.Context, e cache.Event) error {
		if err := n.site.purgeFails(); err != nil {
			return err
		}
		return n.pages.Purge(ctx, e)
	})
}
