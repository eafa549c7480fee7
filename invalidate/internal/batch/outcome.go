package batch

import (
	"errors"
	"strings"
)

// SaysRolledBack reports whether err, which a COMMIT returned, is the server's own word
// that it has rolled back. It has a method SQLState then, as the errors of PostgreSQL's
// drivers do, that tells of a conflict (class 40, but for 40003) or of a violated
// constraint (class 23). After any other error the server may have committed.
func SaysRolledBack(err error) bool {
	var server interface{ SQLState() string }
	if !errors.As(err, &server) {
		return false
	}
	state := server.SQLState()
	const completionUnknown = "40003"
	return strings.HasPrefix(state, "23") || strings.HasPrefix(state, "40") && state != completionUnknown
}
