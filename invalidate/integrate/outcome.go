package integrate

import (
	"errors"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/internal/batch"
)

// RolledBack reports whether err, which a COMMIT returned, says that the transaction
// was rolled back. It is [invalidate.ErrRolledBack], or has a method SQLState that
// tells of a conflict or a violated constraint (class 40, but for 40003, or 23). After
// any other error the transaction may have committed: call FlushUnknown.
func RolledBack(err error) bool {
	return errors.Is(err, invalidate.ErrRolledBack) || batch.SaysRolledBack(err)
}

// KeepsOnError reports whether a statement of SQLite keeps what it has done when it fails:
// INSERT OR FAIL and UPDATE OR FAIL. Then [Refused] says nothing about it.
func KeepsOnError(statement string) bool { return orFail.MatchString(statement) }

var orFail = regexp.MustCompile(`(?i)^\s*(?:INSERT|UPDATE)\s+OR\s+FAIL\b`)

// Refused reports whether err, which a statement returned that commits by itself, is
// the database's own word that it has changed nothing: an error with a method SQLState,
// as those of PostgreSQL's drivers have, or Code, as SQLite's, or MySQL's MySQLError.
// After any other error, of a connection for instance, it may have changed something.
func Refused(err error) bool {
	var postgres interface{ SQLState() string }
	if errors.As(err, &postgres) {
		// An operator who ends the session (57P), and a pooler that has lost the server
		// (08), may do so at any moment.
		state := postgres.SQLState()
		return !strings.HasPrefix(state, "57P") && !strings.HasPrefix(state, "08")
	}
	var sqlite interface{ Code() int }
	if errors.As(err, &sqlite) {
		return true
	}
	for ; err != nil; err = errors.Unwrap(err) {
		if typ := reflect.TypeOf(err); typ.Kind() == reflect.Pointer && typ.Elem().Name() == "MySQLError" {
			number := reflect.ValueOf(err).Elem().FieldByName("Number")
			return number.CanUint() && !slices.Contains(mysqlUnsure, number.Uint())
		}
	}
	return false
}

// mysqlUnsure are errors of MySQL and MariaDB that may come at any moment, or in the
// middle of COMMIT: the server shuts down, COMMIT has failed, the session was killed.
var mysqlUnsure = []uint64{1053, 1180, 1927, 3169}
