package bunhook

import (
	"context"
	"fmt"
	"reflect"

	"github.com/uptrace/bun"
)

// load selects the rows with these primary keys, or these values in columns, and locks
// them if lock is not "". It is no error if it does not find some.
func (h *Hook) load(ctx context.Context, conn bun.IDB, keys []any, lock string, columns ...string) ([]any, error) {
	typ := reflect.TypeOf(keys[0])
	rows := reflect.New(reflect.SliceOf(typ))
	for _, key := range keys {
		// Bun would scan into existing elements.
		row := reflect.New(typ.Elem())
		row.Elem().Set(reflect.ValueOf(key).Elem())
		rows.Elem().Set(reflect.Append(rows.Elem(), row))
	}
	q := conn.NewSelect().Model(rows.Interface()).WherePK(columns...)
	if conn.Dialect().Tables().Get(typ).SoftDeleteField != nil {
		q = q.WhereAllWithDeleted() // an UPDATE may delete softly, or restore
	}
	if lock != "" {
		q = q.For(lock)
	}
	if h.opts.Select != nil {
		q = h.opts.Select(q)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, fmt.Errorf("bunhook: load rows of %s: %w", typ.Elem(), err)
	}
	all := make([]any, rows.Elem().Len())
	for i := range all {
		all[i] = rows.Elem().Index(i).Interface()
	}
	return all, nil
}

// given returns the models of an UPDATE or DELETE whose rows were not read. They may be
// no more than keys. With NoLoad nothing else is known, so that an empty value is an
// error. Otherwise the rows are also unknown, and it is none.
func (h *Hook) given(db *bun.DB, w *write) []any {
	if h.opts.NoLoad {
		return h.are(db, w, w.rows(), false)
	}
	return h.were(db, w.rows())
}

// updated adds the rows as an UPDATE has left them. It reports whether no others have
// been changed, nor any that was not read before.
func (h *Hook) updated(ctx context.Context, e *bun.QueryEvent, w *write, models *[]any) bool {
	switch {
	case w.loaded:
		now := h.reload(ctx, e, w)
		*models = append(*models, h.are(e.DB, w, now, true)...)
		// If there are fewer, it has changed a primary key, and nobody knows to what.
		return e.Err == nil && len(now) == len(w.old) && affected(e) <= len(w.old) && w.byKey(e.DB)
	case len(w.keys(e.DB)) == len(w.rows()):
		*models = append(*models, h.given(e.DB, w)...)
	}
	return h.opts.NoLoad && w.byKey(e.DB)
}

// reload returns the rows as they are now, if they were loaded before.
func (h *Hook) reload(ctx context.Context, e *bun.QueryEvent, w *write) []any {
	if len(w.known) == 0 || e.Err != nil { // PostgreSQL answers no query after an error
		return nil
	}
	rows, err := h.load(ctx, w.conn, w.known, "")
	w.errs = append(w.errs, err)
	return rows
}

// someRows returns the model that stands for unknown rows.
func (h *Hook) someRows(w *write) []any {
	switch {
	case h.hasTarget(w), w.typ == nil && h.inv.Registered(reflect.TypeFor[Table]()):
		return []any{Table{w.table}}
	case h.hasRule(w):
		return []any{unknownRows{w.table}}
	}
	return nil
}
