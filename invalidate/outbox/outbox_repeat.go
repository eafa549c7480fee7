package outbox

import (
	"context"
	"database/sql"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
)

var _ invalidate.RepeatOutbox = (*Outbox)(nil)

// EnqueueRepeat is [Outbox.Enqueue] for events that are purged again, each duration of
// repeat after their purge by the saver or a relay. The row stays until the last of
// them, so a relay has to run in some process.
func (o *Outbox) EnqueueRepeat(ctx context.Context, x invalidate.Execer, events []cache.Event, repeat []time.Duration) (ids []string, err error) {
	p, err := newPlan(repeat)
	if err != nil {
		return nil, err
	}
	ids, err = o.insert(ctx, x, events, o.opts.Grace, schedule{plan: p})
	if err == nil {
		o.count.enqueued.Add(int64(len(events)))
	}
	return ids, err
}

// KeepRepeat is [Outbox.Keep] for events that are purged again, each duration of repeat
// after their purge. If purged is true that was just now, and only the repeats are
// left.
func (o *Outbox) KeepRepeat(ctx context.Context, events []cache.Event, repeat []time.Duration, purged bool) error {
	p, err := newPlan(repeat)
	if err != nil {
		return err
	}
	s, after := schedule{plan: p}, time.Duration(0)
	if purged && len(repeat) > 0 {
		s.purged, after = 1, repeat[0]
	}
	return o.keep(ctx, events, after, s)
}

const (
	updateRepeat = `UPDATE {byID} SET purged = ?, tries = 0, last_error = '', due = {later} WHERE id `
	// Purged by its saver, unless a relay was first.
	updatePurged  = `UPDATE {byID} SET purged = 1, tries = 0, last_error = '', dead = 0, due = {later} WHERE purged = 0 AND id `
	deletePurged  = `DELETE FROM {table} WHERE repeats = '' AND id `
	deleteByID    = `DELETE FROM {table} WHERE id `
	selectRepeats = `SELECT id, repeats FROM {byID} WHERE purged = 0 AND repeats <> '' AND id `
)

// repeatLater puts off rows that were purged until they are to be purged again, and
// returns how many there were.
func (o *Outbox) repeatLater(ctx context.Context, tx *sql.Tx, rows []row) (n int64, err error) {
	at := make(map[schedule][]rowID)
	for _, r := range rows {
		at[r.schedule] = append(at[r.schedule], r.id)
	}
	for s, ids := range at {
		d, _ := s.next()
		m, err := o.changeRows(ctx, tx, updateRepeat, ids, s.purged+1, o.d.delay(d))
		if err != nil {
			return n, err
		}
		n += m
	}
	return n, nil
}

// savedAndPurged deletes the rows of events that their savers have purged, or puts them
// off if they are to be purged again.
func (o *Outbox) savedAndPurged(ctx context.Context, tx *sql.Tx, ids []rowID) error {
	n, err := o.changeRows(ctx, tx, deletePurged, ids)
	if err != nil || n >= int64(len(ids)) {
		return err
	}
	at, err := o.planned(ctx, tx, ids)
	if err != nil {
		return err
	}
	for p, ids := range at {
		d, ok := schedule{plan: p}.next()
		if !ok {
			continue // a relay will say why
		}
		if _, err := o.changeRows(ctx, tx, updatePurged, ids, o.d.delay(d)); err != nil {
			return err
		}
	}
	return nil
}

// planned returns those of ids that are to be purged again, by their plan.
func (o *Outbox) planned(ctx context.Context, tx *sql.Tx, ids []rowID) (map[plan][]rowID, error) {
	among, args := o.d.oneOf(ids)
	found, err := tx.QueryContext(ctx, o.sql(selectRepeats+among), args...)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	at := make(map[plan][]rowID)
	for found.Next() {
		var id, p scannedID
		if err := found.Scan(&id, &p); err != nil {
			return nil, err
		}
		at[plan(p)] = append(at[plan(p)], rowID{text: string(id)})
	}
	return at, found.Err()
}
