package bunhook

import (
	"reflect"
	"slices"
	"strings"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"
	"github.com/uptrace/bun/schema"
)

type op string

const (
	inserts op = "INSERT"
	updates op = "UPDATE"
	deletes op = "DELETE"
	others  op = "write" // MERGE, TRUNCATE
)

// A write is a statement that changes rows.
type write struct {
	op    op
	query string
	code  string // query without its texts
	table string
	model reflect.Value // the argument of the query's Model: a pointer, or invalid
	typ   reflect.Type  // of a row, a struct, or nil

	t        *transaction   // the transaction that it is of, or nil
	suspects []*transaction // transactions that it may be of

	conn     bun.IDB // to load rows with
	loaded   bool    // the rows are loaded
	known    []any   // their primary keys
	old      []any   // the rows before
	others   bool    // an upsert may find rows that are not among them
	returned bool    // the model is what the statement returned
	errs     []error
}

// writeOf returns the write that e is, or nil.
func writeOf(e *bun.QueryEvent) *write {
	w := &write{query: e.Query}
	switch e.IQuery.(type) {
	case *bun.InsertQuery:
		w.op = inserts
	case *bun.UpdateQuery:
		w.op = updates
	case *bun.DeleteQuery:
		w.op = deletes
	case *bun.MergeQuery, *bun.TruncateTableQuery:
		w.op = others
	default:
		return nil
	}
	w.code = withoutTexts(e.Query, e.DB.Dialect().Name() == dialect.MySQL)
	w.table, _, _ = strings.Cut(e.IQuery.GetTableName(), " ")
	w.table = strings.Trim(w.table, "\"`[]")
	model, ok := e.IQuery.GetModel().(bun.TableModel)
	if !ok {
		return w
	}
	w.typ = model.Table().Type
	w.model = reflect.ValueOf(model.Value())
	w.returned = len(w.keys(e.DB)) == 0 // if there are any later
	return w
}

// rows returns pointers to the rows that are in the model now.
func (w *write) rows() []any {
	if !w.model.IsValid() || w.model.Kind() != reflect.Pointer || w.model.IsNil() || w.op == others {
		return nil
	}
	v := w.model.Elem()
	switch v.Kind() {
	case reflect.Struct:
		return []any{w.model.Interface()}
	case reflect.Slice:
		var rows []any
		for i := range v.Len() {
			row := v.Index(i)
			if row.Kind() == reflect.Struct {
				row = row.Addr()
			}
			if row.Kind() == reflect.Pointer && !row.IsNil() {
				rows = append(rows, row.Interface())
			}
		}
		return rows
	}
	return nil
}

// keys returns rows with nothing but the primary keys of those in the model. It returns
// nil if one of them has none.
func (w *write) keys(db *bun.DB) []any {
	if w.typ == nil {
		return nil
	}
	rows := w.rows()
	keys := only(db.Table(w.typ).PKs, rows)
	if len(keys) < len(rows) {
		return nil
	}
	return keys
}

// only returns rows with nothing but these fields, of those that have all of them.
func only(fields []*schema.Field, rows []any) (keys []any) {
	if len(fields) == 0 {
		return nil
	}
	for _, row := range rows {
		from := reflect.ValueOf(row).Elem()
		if slices.ContainsFunc(fields, func(f *schema.Field) bool { return f.HasZeroValue(from) }) {
			continue
		}
		keys = append(keys, bare(fields, []any{row})...)
	}
	return keys
}

// bare returns rows with nothing but these fields.
func bare(fields []*schema.Field, rows []any) (keys []any) {
	for _, row := range rows {
		from := reflect.ValueOf(row).Elem()
		to := reflect.New(from.Type())
		for _, f := range fields {
			f.Value(to.Elem()).Set(f.Value(from))
		}
		keys = append(keys, to.Interface())
	}
	return keys
}

// lock returns how w locks rows before it changes them. So nobody gives one another URL
// in between:
//
//	transaction T                           transaction U
//	loads the row, whose page is /a,
//	to rename it to /c
//	                                        renames it to /b, commits
//	                                        purges /a and /b
//	a visitor's page is rendered from /b, and stored
//	renames it, commits, purges /a and /c
//
// It returns "" where a lock does not help, or does harm: on MySQL a lock on rows that
// do not exist, as before an upsert, locks the gap, and two transactions that insert
// into it wait for each other.
func (w *write) lock() string {
	if w.t == nil || w.t.conn == nil {
		return ""
	}
	switch w.conn.Dialect().Name() {
	case dialect.PG:
		return "UPDATE OF ?TableAlias" // not what Options.Select joins
	case dialect.MySQL:
		if w.op != inserts {
			return "UPDATE"
		}
	}
	return ""
}
