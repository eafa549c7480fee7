package bunhook

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/uncache/uncache/invalidate/internal/assigned"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"
)

// ignores reports whether w sets columns of Options.Ignore, and nothing else, by the
// text of its statement. It notes an error if the table does not have these columns.
func (h *Hook) ignores(db *bun.DB, w *write) bool {
	columns := h.opts.Ignore[w.table]
	if len(columns) == 0 {
		return false
	}
	if w.typ != nil {
		if err := h.checkIgnore(db.Table(w.typ), w.table); err != nil {
			w.errs = append(w.errs, err)
			return false
		}
		if h.opts.Strict && !h.inv.Registered(w.typ) && !h.inv.Registered(reflect.PointerTo(w.typ)) {
			return false
		}
	}
	return w.op == updates && assigned.Only(w.query, columns)
}

// checkIgnore returns an error if Options.Ignore names anything but a column of table,
// or a column that always counts.
func (h *Hook) checkIgnore(table *schema.Table, name string) error {
	for _, column := range h.opts.Ignore[name] {
		why := ""
		i := slices.IndexFunc(table.Fields, func(f *schema.Field) bool { return f.Name == column })
		switch {
		case i < 0:
			why = fmt.Sprintf("is no column of %s (columns have the names that they have in SQL)", table.TypeName)
		case table.Fields[i].IsPK:
			why = "is the primary key"
		case table.Fields[i] == table.SoftDeleteField:
			why = "says whether a row is deleted"
		default:
			continue
		}
		return fmt.Errorf("bunhook: Options.Ignore[%q]: %q %s", name, column, why)
	}
	return nil
}
