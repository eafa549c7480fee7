package outbox

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/uncache/uncache/internal/panics"
)

// maxPurged bounds how many ids wait to be deleted, when the database is slow or
// gone: what is beyond is left to a relay, and purged once more.
const maxPurged = 10_000

// maxDelete bounds how many rows one statement deletes.
const maxDelete = 500

// Purged says that the events with these IDs have been purged, after the
// transaction they were enqueued in had committed. Their rows are deleted in the
// background, those of several savers in one statement, so that nobody's save
// waits for a second commit. Close waits for it; after Close, Purged deletes
// before it returns, unless all connections are in use: it may be called by who
// holds one.
//
// If the rows cannot be deleted Observe hears of it, and a relay purges them once
// more, which is harmless. Rows that are to be purged again stay, and are due then. The ctx is not used beyond the call.
func (o *Outbox) Purged(ctx context.Context, ids []string) {
	o.mu.Lock()
	if o.closed {
		o.mu.Unlock()
		if s := o.db.Stats(); s.MaxOpenConnections > 0 && s.InUse >= s.MaxOpenConnections {
			// Ours may be one of those, and not come back before this returns.
			o.observe(Observation{Op: OpDelete, Rows: len(ids), Err: errInUse})
			return
		}
		o.delete(context.WithoutCancel(ctx), slices.Clone(ids))
		return
	}
	defer o.mu.Unlock()
	room := max(0, maxPurged-len(o.purged))
	o.purged = append(o.purged, ids[:min(len(ids), room)]...)
	if !o.deleting && len(o.purged) > 0 {
		o.deleting = true
		o.wg.Go(o.deletePurged)
	}
}

var errInUse = errors.New("all connections are in use")

// deletePurged deletes until nothing is left. What comes while a DELETE runs
// goes into the next one.
func (o *Outbox) deletePurged() {
	for {
		o.mu.Lock()
		ids := o.purged
		o.purged = nil
		o.deleting = len(ids) > 0
		o.mu.Unlock()
		if len(ids) == 0 {
			return
		}
		o.delete(o.ctx, ids)
	}
}

func (o *Outbox) delete(ctx context.Context, ids []string) {
	for chunk := range slices.Chunk(ids, maxDelete) {
		err := panics.Apart(func() error {
			ctx, cancel := context.WithTimeout(ctx, o.opts.Timeout)
			defer cancel()
			return o.inTx(ctx, func(tx *sql.Tx) error {
				return o.savedAndPurged(ctx, tx, textIDs(chunk))
			})
		})
		if err != nil {
			o.observe(Observation{Op: OpDelete, Rows: len(chunk), Err: err})
			continue
		}
		o.count.purged.Add(int64(len(chunk)))
	}
}
