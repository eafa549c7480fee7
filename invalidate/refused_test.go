package invalidate_test

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"testing"

	"github.com/uncache/uncache/invalidate"
)

type codeError int

func (e codeError) Error() string { return fmt.Sprint("code ", int(e)) }
func (e codeError) Code() int     { return int(e) }

// MySQLError is called as that of github.com/go-sql-driver/mysql.
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
		if got := invalidate.Refused(err); got != want {
			t.Errorf("Refused(%v) = %v, want %v", err, got, want)
		}
	}
}
