package bunhook

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"

	"github.com/uptrace/bun"
)

// byKey reports whether the statement changes only rows whose primary keys are in its
// model. bun has written their condition at its end; others beside it only narrow it. A
// hook cannot ask for the conditions of a query. But bun sends values in the text, so
// the condition has to be there, and not inside of a value.
//
//	... WHERE (title = 'x') AND ("post"."id" = 1) RETURNING *
//	... WHERE "post"."id" IN (1, 2)
//	WITH "_data" (...) AS (...) UPDATE ... WHERE ("post"."id" = _data."id")
func (w *write) byKey(db *bun.DB) bool {
	table, rows := db.Table(w.typ), w.rows()
	if len(table.PKs) == 0 || len(rows) == 0 {
		return false
	}
	for _, prefix := range []string{string(table.SQLAlias) + ".", string(table.SQLName) + ".", ""} {
		key := keyText(db, prefix, rows, w.model.Elem().Kind() == reflect.Slice)
		if i := strings.LastIndex(w.query, key); i > 0 {
			before, after := w.code[:i], w.code[i+len(key):]
			if w.code[i] == key[0] && (strings.HasSuffix(before, " WHERE ") || strings.HasSuffix(before, " AND ")) && ends.MatchString(after) {
				return true
			}
		}
		var bulk []string
		for _, pk := range table.PKs {
			bulk = append(bulk, fmt.Sprintf("%s%s = _data.%[2]s", prefix, pk.SQLName))
		}
		_, after, ok := strings.Cut(w.code, " WHERE ("+strings.Join(bulk, " AND ")+")")
		if ok && strings.HasPrefix(w.query, "WITH ") && (ends.MatchString(after) || strings.HasPrefix(after, " AND ") && !strings.Contains(after, " OR ")) {
			return true
		}
	}
	return false
}

// ends is what may follow the last condition.
var ends = regexp.MustCompile(`^(?: RETURNING | ORDER BY | LIMIT |$)`)

// keyText returns the condition of WherePK.
func keyText(db *bun.DB, prefix string, rows []any, slice bool) string {
	pks := db.Table(reflect.TypeOf(rows[0]).Elem()).PKs
	value := func(row any, i int) string {
		return string(pks[i].AppendValue(db.QueryGen(), nil, reflect.ValueOf(row).Elem()))
	}
	brackets := func(s string) string {
		if len(pks) > 1 {
			return "(" + s + ")"
		}
		return s
	}
	var columns, equal []string
	for i, pk := range pks {
		columns = append(columns, prefix+string(pk.SQLName))
		equal = append(equal, columns[i]+" = "+value(rows[0], i))
	}
	if !slice {
		return "(" + strings.Join(equal, " AND ") + ")"
	}
	var all []string
	for _, row := range rows {
		var values []string
		for i := range pks {
			values = append(values, value(row, i))
		}
		all = append(all, brackets(strings.Join(values, ", ")))
	}
	return brackets(strings.Join(columns, ", ")) + " IN (" + strings.Join(all, ", ") + ")"
}

// returning finds what a statement returns.
var returning = regexp.MustCompile(`(?s) RETURNING ([^']*)$`)

// whole reports whether the statement has returned its rows with all their columns.
func (w *write) whole(db *bun.DB) bool {
	found := returning.FindStringSubmatch(w.code)
	if found == nil || !w.returned {
		return false
	}
	list := found[1]
	if list == "*" {
		return true
	}
	for _, f := range db.Table(w.typ).Fields {
		if !strings.Contains(list, string(f.SQLName)) {
			return false
		}
	}
	return true
}
