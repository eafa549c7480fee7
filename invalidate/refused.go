package invalidate

import (
	"errors"
	"reflect"
	"slices"
	"strings"
)

// mysqlUnsure are the errors of MySQL and MariaDB that may come at any moment, or in
// the middle of COMMIT: the server shuts down, COMMIT has failed, the session was killed.
var mysqlUnsure = []uint64{1053, 1180, 1927, 3169}

// Refused reports whether err, which a statement returned that commits by itself, is
// the database's own word that it has changed nothing: an error with a method SQLState,
// as those of PostgreSQL's drivers have, or Code, as SQLite's, or MySQL's MySQLError.
// After any other, that of a connection for one, it may have. It is for code that sees
// statements and their errors, as an adapter of an ORM does.
func Refused(err error) bool {
	var postgres interface{ SQLState() string }
	if errors.As(err, &postgres) {
		// Not of an operator who ends the session, nor of a pooler that has lost the
		// server: these may come at any moment.
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
