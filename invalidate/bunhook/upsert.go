package bunhook

import (
	"slices"
	"strings"

	"github.com/uptrace/bun"
)

// upsert reports whether an INSERT may change a row that is there already. A text
// that says so by chance costs two queries.
func (w *write) upsert() bool { return w.conflict() != "" }

// conflict returns what an INSERT says of rows that are there, in upper case, or "".
func (w *write) conflict() string {
	query := strings.ToUpper(w.query)
	for _, clause := range []string{" ON CONFLICT", " ON DUPLICATE KEY", "REPLACE "} {
		if i := strings.Index(query, clause); i >= 0 {
			return query[i:]
		}
	}
	return ""
}

// replaces reports whether an INSERT may have changed a row that the rows loaded by
// the primary keys of its model do not show: it goes by another key, or the keys were
// not known.
func (w *write) replaces(db *bun.DB) bool {
	conflict := w.conflict()
	if conflict == "" || strings.HasPrefix(conflict, " ON CONFLICT") && !strings.Contains(conflict, "UPDATE") {
		return false // DO NOTHING
	}
	if w.typ == nil || !w.loaded {
		return true
	}
	table := db.Table(w.typ)
	target, ok := strings.CutPrefix(conflict, " ON CONFLICT")
	if !ok { // whatever key it is
		return len(table.Unique) > 0
	}
	target = strings.TrimLeft(target, " \t\n")
	list, _, ok := strings.Cut(strings.TrimPrefix(target, "("), ")")
	if !ok || !strings.HasPrefix(target, "(") {
		return true
	}
	var keys, columns []string
	for _, pk := range table.PKs {
		keys = append(keys, strings.ToUpper(pk.Name))
	}
	for column := range strings.SplitSeq(list, ",") {
		columns = append(columns, strings.Trim(column, " \t\n\"`"))
	}
	slices.Sort(keys)
	slices.Sort(columns)
	return !slices.Equal(keys, columns)
}
