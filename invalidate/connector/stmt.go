package connector

//lint:file-ignore SA1019 A driver may have none of the newer methods.

import (
	"context"
	"database/sql/driver"
)

// A stmt is a prepared statement that may be a BEGIN, COMMIT or the like.
type stmt struct {
	driver.Stmt
	conn *conn
	what statement
}

var (
	_ driver.StmtExecContext   = (*stmt)(nil)
	_ driver.StmtQueryContext  = (*stmt)(nil)
	_ driver.NamedValueChecker = (*stmt)(nil)
	_ driver.ColumnConverter   = convertingStmt{}
)

// A convertingStmt has the one optional method that cannot leave to database/sql what
// the base lacks.
type convertingStmt struct {
	*stmt
	converter driver.ColumnConverter
}

func (s convertingStmt) ColumnConverter(i int) driver.ValueConverter {
	return s.converter.ColumnConverter(i)
}

func newStmt(c *conn, base driver.Stmt, query string) driver.Stmt {
	s := &stmt{base, c, parse(query)}
	if cc, ok := base.(driver.ColumnConverter); ok {
		return convertingStmt{s, cc}
	}
	return s
}

func (s *stmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	return run(ctx, s.conn, s.what, func() (driver.Result, error) { return execStmt(ctx, s.Stmt, args) })
}

// execStmt does what database/sql does.
func execStmt(ctx context.Context, base driver.Stmt, args []driver.NamedValue) (driver.Result, error) {
	if e, ok := base.(driver.StmtExecContext); ok {
		return e.ExecContext(ctx, args)
	}
	values, err := unnamed(ctx, args)
	if err != nil {
		return nil, err
	}
	return base.Exec(values)
}

func (s *stmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return run(ctx, s.conn, s.what, func() (driver.Rows, error) {
		if q, ok := s.Stmt.(driver.StmtQueryContext); ok {
			return q.QueryContext(ctx, args)
		}
		values, err := unnamed(ctx, args)
		if err != nil {
			return nil, err
		}
		return s.Stmt.Query(values)
	})
}

// CheckNamedValue asks the statement or else the connection, and leaves to database/sql
// what neither does.
func (s *stmt) CheckNamedValue(v *driver.NamedValue) error {
	if checker, ok := s.Stmt.(driver.NamedValueChecker); ok {
		return checker.CheckNamedValue(v)
	}
	return s.conn.CheckNamedValue(v)
}
