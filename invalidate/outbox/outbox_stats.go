package outbox

import (
	"context"
	"database/sql"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/figures"
)

// Stats are figures to watch. Alarm on Dead above 0, and on Oldest above a minute:
// something is not purged, and pages are stale.
type Stats struct {
	// Pending is how many rows wait. It includes those whose savers are about to purge
	// them.
	Pending int64 `json:"pending"`
	// Oldest is how long the oldest of them has been waiting, by the database's clock,
	// or 0.
	Oldest time.Duration `json:"oldest_ns"`
	// Dead is how many dead rows there are.
	Dead int64 `json:"dead"`
	// Repeats is how many rows were purged, and wait to be purged again. They are
	// neither in Pending nor in Oldest.
	Repeats int64 `json:"repeats"`
	// Newer is how many of Pending were written by a later version, and wait for its
	// relay.
	Newer int64 `json:"newer"`

	// What this process has done since New, in rows except where it says otherwise.

	// Enqueued were written by Enqueue. Their transactions may have been rolled back.
	Enqueued int64 `json:"enqueued"`
	// Kept were written by Keep.
	Kept int64 `json:"kept"`
	// Purged were deleted because their savers had purged them.
	Purged int64 `json:"purged"`
	// Relayed were purged by the relay. Appended is in how many events.
	Relayed  int64 `json:"relayed"`
	Appended int64 `json:"appended"`
	// Retried is how many tries failed, and will be repeated.
	Retried int64 `json:"retried"`
	// GivenUp have become dead letters.
	GivenUp int64 `json:"given_up"`
	// Outages is how often the Purger was found not to work at all.
	Outages int64 `json:"outages"`
	// SaveToPurge is how long the rows of Relayed waited: from when they were written,
	// right before COMMIT, to the return of the purge, by the database's clock. Repeats
	// are not in it.
	SaveToPurge cache.Histogram `json:"save_to_purge"`
}

// counters are the figures of this process.
type counters struct {
	enqueued, kept, purged, relayed, appended, retried, givenUp, outages atomic.Int64

	saveToPurge figures.Histogram
}

var selectStats = fmt.Sprintf(`SELECT COUNT(CASE WHEN `+unpurged+` THEN 1 END), {age}, COUNT(CASE WHEN dead <> 0 THEN 1 END),
	COUNT(CASE WHEN `+waits+` AND purged <> 0 THEN 1 END),
	COUNT(CASE WHEN `+unpurged+` AND format > %d THEN 1 END) FROM {table}`, format)

// Stats returns the figures. It counts the rows of the table, which is quick while
// there are few. After an error the figures of this process are right nevertheless.
func (o *Outbox) Stats(ctx context.Context) (Stats, error) {
	s := Stats{
		Enqueued: o.count.enqueued.Load(),
		Kept:     o.count.kept.Load(),
		Purged:   o.count.purged.Load(),
		Relayed:  o.count.relayed.Load(),
		Appended: o.count.appended.Load(),
		Retried:  o.count.retried.Load(),
		GivenUp:  o.count.givenUp.Load(),
		Outages:  o.count.outages.Load(),

		SaveToPurge: o.count.saveToPurge.Snapshot(),
	}
	var ms sql.NullFloat64
	err := o.db.QueryRowContext(ctx, o.sql(selectStats)).Scan(&s.Pending, &ms, &s.Dead, &s.Repeats, &s.Newer)
	if err != nil {
		return s, fmt.Errorf("outbox: stats of %s: %w", o.opts.Table, err)
	}
	s.Oldest = milliseconds(ms)
	return s, nil
}
