package outbox

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/uncache/uncache/internal/panics"
)

// maxPurged is how many ids wait to be deleted, when the database is slow or gone. A
// relay purges those beyond once more, and deletes them.
const maxPurged = 10_000

// maxDelete is how many rows one statement deletes.
const maxDelete = 500

// Purged says that the events with these IDs have been purged, after the transaction in
// which they were enqueued had committed. Their rows are deleted in the background, so
// that no save waits for a second commit. Rows that are to be purged again stay until
// then.
//
// Close waits for that. After Close, Purged deletes before it returns, unless all
// connections are in use: its caller may hold one.
//
// If the rows cannot be deleted, Observe is told, and a relay purges them once more,
// which is harmless. ctx is not used beyond the call.
func (o *Outbox) Purged(ctx context.Context, ids []string) {
	o.mu.Lock()
	if o.closed {
		o.mu.Unlock()
		if s := o.db.Stats(); s.MaxOpenConnections > 0 && s.InUse >= s.MaxOpenConnections {
			// The caller may hold one of them until this returns.
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

// deletePurged deletes until nothing is left. IDs that come during a DELETE go into the
// next one.
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
