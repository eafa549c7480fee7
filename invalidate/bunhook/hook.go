package bunhook

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"

	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/integrate"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"
)

// BeforeQuery loads what the statement is about to change.
func (h *Hook) BeforeQuery(ctx context.Context, e *bun.QueryEvent) context.Context {
	if _, ok := h.ours.Load(e.DB); ok {
		return ctx
	}
	if isBegin(e) {
		return h.begin(ctx)
	}
	t, _ := ctx.Value(txKey{}).(*transaction)
	if t != nil {
		t.committing(ctx, e)
	}
	return h.before(ctx, e, t)
}

// AfterQuery tells the Invalidator what the statement has changed.
func (h *Hook) AfterQuery(ctx context.Context, e *bun.QueryEvent) {
	if _, ok := h.ours.Load(e.DB); ok {
		return
	}
	h.control(ctx, e)
	h.after(ctx, e)
}

type stashKey struct{ h *Hook }

// before notes what e is about to write, in t. If t is nil, no transaction is known.
func (h *Hook) before(ctx context.Context, e *bun.QueryEvent, t *transaction) context.Context {
	w := writeOf(e)
	if w == nil || h.ignores(e.DB, w) {
		return ctx
	}
	if e.Stash == nil {
		e.Stash = make(map[any]any)
	}
	e.Stash[stashKey{h}] = w
	w.t = t
	var conn bun.IDB
	switch {
	case t != nil && t.conn != nil:
		conn = t.conn
	case t == nil:
		if w.suspects = h.suspects(); len(w.suspects) == 0 {
			conn = e.DB
		}
	}
	if conn == nil || h.opts.NoLoad || !h.hasRule(w) || w.op == inserts && !w.upsert() {
		return ctx
	}
	w.conn = conn
	if w.op == inserts {
		h.beforeUpsert(ctx, e.DB, w)
	} else if keys := w.keys(e.DB); len(keys) > 0 && !h.many(w, len(keys)) {
		w.loaded = true
		old, err := h.load(ctx, conn, keys, w.lock())
		w.old, w.errs = old, append(w.errs, err)
		w.known = keys
	}
	return ctx
}

func (h *Hook) after(ctx context.Context, e *bun.QueryEvent) {
	w, _ := e.Stash[stashKey{h}].(*write)
	if w == nil || unchanged(w, e) {
		return
	}
	models := h.changed(ctx, e, w)
	switch {
	case w.t != nil:
		if err := errors.Join(errors.Join(w.errs...), h.inv.Invalidate(w.t.in(ctx), models...)); err != nil && !w.t.fail(err) {
			h.opts.Failed(ctx, err) // its context was used after its end
		}
	default:
		// If it is of one of the open transactions this is too early, and is repeated
		// at COMMIT. Otherwise the repetition is harmless.
		for _, t := range w.suspects {
			w.errs = append(w.errs, h.inv.Invalidate(t.in(ctx), models...))
		}
		if err := errors.Join(errors.Join(w.errs...), h.now(ctx, models)); err != nil {
			h.opts.Failed(ctx, err)
		}
	}
}

// now purges models, which were saved by a statement that committed by itself. A batch
// in ctx is told as well: the query may have been given a connection on which the
// statement was in that batch's transaction. But the batch may be of another, and be
// discarded.
func (h *Hook) now(ctx context.Context, models []any) error {
	before := integrate.Gathers(ctx)
	err := h.inv.Invalidate(ctx, models...)
	if !before && !integrate.Gathers(ctx) {
		return err
	}
	batch := integrate.NewBatch(ctx)
	_ = h.inv.Invalidate(integrate.WithBatch(ctx, batch), models...) // err again
	return errors.Join(err, batch.Flush(ctx))
}

// unchanged reports whether it is certain that a statement has changed nothing.
func unchanged(w *write, e *bun.QueryEvent) bool {
	if e.Err != nil {
		// Any other error may be about what came after the statement, such as the rows
		// that it returned.
		return (errors.Is(e.Err, sql.ErrNoRows) || integrate.Refused(e.Err)) && !integrate.KeepsOnError(e.Query)
	}
	return affected(e) == 0 && (w.op == updates || w.op == deletes)
}

// affected returns how many rows e has changed, or -1 if that is not known.
func affected(e *bun.QueryEvent) int {
	if e.Result == nil {
		return -1
	}
	n, err := e.Result.RowsAffected()
	if err != nil {
		return -1
	}
	return int(n)
}

// changed returns models for what e has changed: rows as they were and as they are. If
// these may not be all, one stands for unknown rows.
func (h *Hook) changed(ctx context.Context, e *bun.QueryEvent, w *write) []any {
	models, rows := h.were(e.DB, w.old), w.rows()
	known := len(rows) > 0 && !h.many(w, len(rows)) && w.op != others
	if known {
		switch w.op {
		case inserts:
			models = append(models, h.are(e.DB, w, rows, false)...)
			models = append(models, h.are(e.DB, w, h.reload(ctx, e, w), true)...)
			known = e.Err == nil && (h.opts.NoLoad || !w.replaces(e.DB))
			if w.loaded && e.DB.Dialect().Name() == dialect.MySQL {
				// MySQL counts an existing row twice. It was found by a key that the
				// model does not declare.
				known = known && affected(e) <= len(rows)+len(w.old)
			}
		case updates:
			known = h.updated(ctx, e, w, &models)
		case deletes:
			switch known = w.loaded || w.whole(e.DB) || h.opts.NoLoad; {
			case w.loaded:
			case w.whole(e.DB):
				models = append(models, h.were(e.DB, rows)...)
			default:
				models = append(models, h.given(e.DB, w)...)
			}
			known = known && (w.returned || w.byKey(e.DB))
		}
	}
	if !known || w.op != inserts && affected(e) > max(len(w.old), len(rows)) {
		models = append(models, h.someRows(w)...)
	}
	return models
}

// hasTarget reports whether the rule for Table names anything for the table of w, or
// fails.
func (h *Hook) hasTarget(w *write) bool {
	if !h.inv.Registered(reflect.TypeFor[Table]()) {
		return false
	}
	targets, err := h.inv.Resolve(Table{w.table})
	return err != nil || len(targets.Dependencies()) > 0
}

// many reports whether so many rows are not worth loading.
func (h *Hook) many(w *write, n int) bool { return n > h.opts.MaxRows && h.hasTarget(w) }

// hasRule reports whether the type that w writes has a rule, or must have one.
func (h *Hook) hasRule(w *write) bool {
	return h.opts.Strict || w.typ != nil && (h.inv.Registered(w.typ) || h.inv.Registered(reflect.PointerTo(w.typ)))
}

// A Hook is a [bun.QueryHook] that tells an Invalidator of the models that statements
// save. It is safe for concurrent use, and for many databases.
type Hook struct {
	inv  *invalidate.Invalidator
	opts Options

	ours sync.Map // *bun.DB: those of InTx, which have a hook of their own

	mu   sync.Mutex
	open map[*transaction]struct{} // transactions that InTx did not begin
}

var _ bun.QueryHook = (*Hook)(nil)

// New returns a Hook. Give it to a database once:
//
//	db = db.WithQueryHook(hook)
//
// New panics if inv or opts.Failed is nil or an option makes no sense. The panic names
// the option.
func New(inv *invalidate.Invalidator, opts *Options) *Hook {
	switch {
	case inv == nil:
		panic("bunhook: New: the Invalidator is nil")
	case opts == nil || opts.Failed == nil:
		panic("bunhook: Options.Failed: it is nil, so a purge that failed would go unnoticed")
	case opts.MaxRows < 0:
		panic(fmt.Sprintf("bunhook: Options.MaxRows: %d is negative", opts.MaxRows))
	}
	for table, columns := range opts.Ignore {
		if table == "" || slices.Contains(columns, "") {
			panic(fmt.Sprintf("bunhook: Options.Ignore[%q]: %q has an empty name", table, columns))
		}
	}
	h := &Hook{inv: inv, opts: *opts, open: make(map[*transaction]struct{})}
	if h.opts.MaxRows == 0 {
		h.opts.MaxRows = defaultMaxRows
	}
	if !inv.Registered(reflect.TypeFor[unknownRows]()) {
		invalidate.Register(inv, func(_ unknownRows, to *invalidate.Targets) { to.All() })
	}
	return h
}
