package connector

//lint:file-ignore SA1019 A driver may have none of the newer methods.

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
)

// An execer is an [invalidate.Execer] on a driver's connection. database/sql is in
// Commit, so it cannot run statements there itself.
type execer struct{ base driver.Conn }

// ExecContext runs a statement as [sql.Tx.ExecContext] does.
func (x execer) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	checked, err := check(args, nil, x.base)
	if err != nil {
		return nil, err
	}
	if res, err := exec(ctx, x.base, query, checked); err != driver.ErrSkip {
		return res, err
	}
	s, err := prepare(ctx, x.base, query)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	checked, err = check(args, s, x.base)
	if err != nil {
		return nil, err
	}
	if n := s.NumInput(); n >= 0 && n != len(checked) {
		return nil, fmt.Errorf("connector: expected %d arguments, got %d", n, len(checked))
	}
	return execStmt(ctx, s, checked)
}

// check converts args to what the driver takes, as database/sql does: by the statement,
// the connection, a column's converter or the default.
func check(args []any, s driver.Stmt, base driver.Conn) ([]driver.NamedValue, error) {
	var checkers []func(*driver.NamedValue) error
	if c, ok := s.(driver.NamedValueChecker); ok {
		checkers = append(checkers, c.CheckNamedValue)
	} else if c, ok := base.(driver.NamedValueChecker); ok {
		checkers = append(checkers, c.CheckNamedValue)
	}
	if c, ok := s.(driver.ColumnConverter); ok {
		checkers = append(checkers, func(v *driver.NamedValue) (err error) {
			v.Value, err = c.ColumnConverter(v.Ordinal - 1).ConvertValue(v.Value)
			return err
		})
	}
	checkers = append(checkers, func(v *driver.NamedValue) (err error) {
		v.Value, err = driver.DefaultParameterConverter.ConvertValue(v.Value)
		return err
	})
	values := make([]driver.NamedValue, 0, len(args))
	for _, arg := range args {
		v := driver.NamedValue{Ordinal: len(values) + 1, Value: arg}
		if named, ok := arg.(sql.NamedArg); ok {
			v.Name, v.Value = named.Name, named.Value
		}
		err := driver.ErrSkip
		for i := 0; err == driver.ErrSkip && i < len(checkers); i++ {
			err = checkers[i](&v)
		}
		switch err {
		case nil:
			values = append(values, v)
		case driver.ErrRemoveArgument:
		default:
			return nil, fmt.Errorf("connector: argument %d: %w", v.Ordinal, err)
		}
	}
	return values, nil
}
