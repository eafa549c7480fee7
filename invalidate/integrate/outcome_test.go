package integrate_test

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"testing"

	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/integrate"
)

// state is the error of a server that says in SQLSTATE what went wrong.
type state string

func (s state) Error() string    { return "SQLSTATE " + string(s) }
func (s state) SQLState() string { return string(s) }

type codeError int

func (e codeError) Error() string { return fmt.Sprint("code ", int(e)) }
func (e codeError) Code() int     { return int(e) }

// MySQLError has the name of the type in github.com/go-sql-driver/mysql.
type MySQLError struct{ Number uint16 }

func (e *MySQLError) Error() string { return fmt.Sprint("Error ", e.Number) }

func TestRefused(t *testing.T) {
	for err, want := range map[error]bool{
		nil:                       false,
		errors.New("broken pipe"): false,
		driver.ErrBadConn:         false,
		state("23505"):            true,
		state("57P01"):            false,
		state("08006"):            false,
		codeError(19):             true,
		&MySQLError{1062}:         true,
		&MySQLError{1053}:         false,
	} {
		if err != nil {
			err = fmt.Errorf("save: %w", err)
		}
		if got := integrate.Refused(err); got != want {
			t.Errorf("Refused(%v) = %v, want %v", err, got, want)
		}
	}
}

func TestKeepsOnError(t *testing.T) {
	for statement, want := range map[string]bool{
		"INSERT OR FAIL INTO t VALUES (1), (1)": true,
		"\n update or fail t SET a = 1":         true,
		"INSERT INTO t VALUES (1)":              false,
		"UPDATE OR ABORT t SET a = 1":           false,
		"INSERT OR FAILURE INTO t":              false,
		"DELETE FROM t WHERE a = 'OR FAIL'":     false,
	} {
		if got := integrate.KeepsOnError(statement); got != want {
			t.Errorf("KeepsOnError(%q) = %v, want %v", statement, got, want)
		}
	}
}

func TestRolledBack(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want bool
	}{
		{nil, false},
		{errors.New("lost"), false},
		{state("40001"), true},
		{state("40003"), false},
		{state("23505"), true},
		{state("08006"), false},
		{fmt.Errorf("driver: %w", state("40P01")), true},
		{fmt.Errorf("driver: %w", invalidate.ErrRolledBack), true},
		{invalidate.ErrCommitUnknown, false},
	} {
		if got := integrate.RolledBack(tt.err); got != tt.want {
			t.Errorf("RolledBack(%v): got %v, want %v", tt.err, got, tt.want)
		}
	}
}
