package bunhook

import (
	"context"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"
)

// beforeUpsert loads the rows that an upsert is going to change, by the keys of its
// conflict.
//
// On MySQL a lock on rows that do not exist locks the gap, and two transactions that
// insert into it wait for each other. So there it locks only rows that it has found,
// and reads them again.
func (h *Hook) beforeUpsert(ctx context.Context, db *bun.DB, w *write) {
	keys, _ := w.conflictKeys(db)
	rows := w.rows()
	if len(keys) == 0 || len(rows) == 0 || h.many(w, len(rows)) || len(db.Table(w.typ).PKs) == 0 {
		return
	}
	pks := db.Table(w.typ).PKs
	w.loaded = true
	w.known, _ = inserted(pks, rows, true)
	mysql := db.Dialect().Name() == dialect.MySQL
	seen := map[string]bool{}
	for _, key := range keys {
		having, others := inserted(key, rows, mysql)
		w.others = w.others || others
		if len(having) == 0 {
			continue
		}
		var columns []string
		for _, f := range key {
			columns = append(columns, f.Name)
		}
		found, err := h.load(ctx, w.conn, having, w.lock(), columns...)
		if err == nil && mysql && len(found) > 0 && w.t != nil && w.t.conn != nil {
			found, err = h.load(ctx, w.conn, bare(pks, found), "UPDATE")
		}
		w.errs = append(w.errs, err)
		for _, row := range found {
			key := keyText(db, "", []any{row}, false)
			if !seen[key] {
				seen[key] = true
				w.old = append(w.old, row)
			}
		}
	}
	w.known = append(w.known, bare(pks, w.old)...)
}
