package gormplugin

import (
	"database/sql/driver"
	"reflect"
	"slices"

	"github.com/uncache/uncache/invalidate/internal/condition"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// A restriction keeps an update or delete to the rows that were read before it. Its
// condition is evaluated twice, and may match other rows the second time:
//
//	SELECT * FROM posts WHERE id IN (SELECT id FROM posts ORDER BY random() LIMIT 1)
//	UPDATE posts SET ... WHERE id IN (SELECT id FROM posts ORDER BY random() LIMIT 1)
//
// If the rows are locked, their keys replace the condition. Otherwise keys and
// condition both hold. Where neither is possible, the rows are unknown.
type restriction struct {
	write    *write
	keys     clause.Expression   // that a row is one of those that were read
	dropped  []clause.Expression // conditions that the keys replace
	narrowed []clause.Expression // what scopes and callbacks have added to the query
}

// restrict decides how the statement of db is restricted to the rows of w. exprs are
// the conditions by which they were read, and narrowed what scopes and callbacks added.
// If that is impossible, and counting the rows does not tell either, they are unknown.
func (p *Plugin) restrict(db *gorm.DB, w *write, exprs, narrowed []clause.Expression) {
	stmt, r := db.Statement, restriction{write: w, narrowed: narrowed}
	sql, vars := render(db, clause.Where{Exprs: slices.Clone(exprs)})
	how := condition.Read(sql)
	keys, ok := keysOf(db, w.old, vars)
	locked, mysql := lockable(db), db.Name() == "mysql"
	plain := how.Steady()
	counts := locked && plain && !mysql // MySQL counts only rows that have got another value
	switch {
	case counts:
		// All rows that were read still exist, and match. If others have come in
		// between, the statement changes more.
		w.counted = true
		return
	case !ok:
		w.unsteady = true
		return
	case plain, !how.Volatile && (mysql || !locked):
		// MySQL locks what a sub-select of an UPDATE reads, so the sub-select has to
		// stay.
	case !locked, mysql && how.Selects:
		w.unsteady = true
		return
	default:
		for _, e := range exprs {
			if isOr(e) {
				w.unsteady = true // a OR b: only GORM knows which belongs to which
				return
			}
			if sql, _ := render(db, e); !condition.Read(sql).Steady() {
				r.dropped = append(r.dropped, e)
			}
		}
	}
	r.keys = keys
	where := stmt.Clauses["WHERE"]
	where.Name, where.Builder = "WHERE", r.build
	stmt.Clauses["WHERE"] = where
	w.restricted = true
}

// unrestrict gives the statement its own condition back: it may be used again.
func unrestrict(db *gorm.DB, w *write) {
	if !w.restricted {
		return
	}
	where := db.Statement.Clauses["WHERE"]
	where.Builder = nil
	if db.Statement.Clauses["WHERE"] = where; where.Expression == nil {
		delete(db.Statement.Clauses, "WHERE")
	}
}

// build writes the condition, to which GORM, scopes and callbacks have added theirs.
func (r restriction) build(c clause.Clause, b clause.Builder) {
	c.Builder = nil
	where, _ := c.Expression.(clause.Where)
	has := func(e clause.Expression) bool {
		return slices.ContainsFunc(where.Exprs, func(other clause.Expression) bool { return reflect.DeepEqual(e, other) })
	}
	// What narrowed the query has to narrow the statement, too. Otherwise it changes
	// rows that the query did not show.
	for _, e := range slices.Concat(r.narrowed, r.dropped) {
		if !has(e) {
			r.write.unsteady = true
			if c.Expression != nil {
				c.Build(b)
			}
			return
		}
	}
	kept := slices.DeleteFunc(slices.Clone(where.Exprs), func(e clause.Expression) bool {
		return slices.ContainsFunc(r.dropped, func(other clause.Expression) bool { return reflect.DeepEqual(e, other) })
	})
	exprs := []clause.Expression{r.keys}
	if len(kept) > 0 {
		exprs = append(exprs, group(kept))
	}
	c.Expression = clause.Where{Exprs: exprs}
	c.Build(b)
}

// A group is a condition in brackets.
type group []clause.Expression

func (g group) Build(b clause.Builder) {
	_ = b.WriteByte('(')
	clause.Where{Exprs: g}.Build(b)
	_ = b.WriteByte(')')
}

// maxVars is how many parameters a statement may have, by dialect, less some for what
// it sets.
var maxVars = map[string]int{"postgres": 65_000, "mysql": 65_000, "sqlite": 32_000}

// keysOf returns the condition that a row is one of rows. vars is how many parameters
// the statement has already. keysOf returns false if their keys cannot say so.
func keysOf(db *gorm.DB, rows []reflect.Value, vars int) (clause.Expression, bool) {
	fields := db.Statement.Schema.PrimaryFields
	limit, known := maxVars[db.Name()]
	if !known {
		limit = 1_000
	}
	if len(fields) == 0 || vars+len(rows)*len(fields) > limit {
		return nil, false
	}
	if len(rows) == 0 {
		return clause.Expr{SQL: "1 = 0"}, true
	}
	for _, f := range fields {
		switch typ := f.IndirectFieldType; typ.Kind() {
		case reflect.Float32, reflect.Float64:
			return nil, false
		case reflect.Struct, reflect.Slice, reflect.Map: // perhaps a time that the database has rounded
			if _, ok := reflect.New(typ).Interface().(driver.Valuer); !ok {
				return nil, false
			}
		}
	}
	values := tuples(db.Statement.Context, fields, rows, true)
	if slices.ContainsFunc(values, func(tuple []any) bool { return slices.Contains(tuple, nil) }) {
		return nil, false
	}
	return in(fields, values), true
}

// lockable reports whether rows that a query of db locks stay as they are until its
// statement has run. They do in a transaction. SQLite has no locks for rows, but lets a
// transaction write only if no other has written since it began to read.
func lockable(db *gorm.DB) bool {
	pool := db.Statement.ConnPool
	if txOf(pool) == nil && !foreign(pool) {
		return false
	}
	_, known := maxVars[db.Name()]
	return known
}

// render returns the SQL of an expression, and how many parameters it has.
func render(db *gorm.DB, e clause.Expression) (sql string, vars int) {
	q := db.Session(&gorm.Session{NewDB: true, DryRun: true}).Model(db.Statement.Model)
	q.Error = nil
	stmt := q.Statement
	stmt.Schema, stmt.Table, stmt.TableExpr = db.Statement.Schema, db.Statement.Table, db.Statement.TableExpr
	e.Build(stmt)
	return stmt.SQL.String(), len(stmt.Vars)
}
