package gormplugin

import (
	"regexp"
	"strings"

	"github.com/uncache/uncache/invalidate/integrate"
)

// A savepoint is a name, and its place in the batch.
type savepoint struct {
	name string
	mark integrate.Mark
}

// savepoints are the statements of GORM's dialects, and of people.
var savepoints = regexp.MustCompile("(?is)^\\s*(SAVEPOINT|RELEASE(?:\\s+SAVEPOINT)?|ROLLBACK(?:\\s+(?:WORK|TRANSACTION))?\\s+TO(?:\\s+SAVEPOINT)?)\\s+[\"`]?([^\\s;\"`]+)[\"`]?\\s*;?\\s*$")

// commits are the statements that may have committed what came before them, whatever
// the transaction does later. In MySQL there are many.
var (
	commits      = regexp.MustCompile(`(?is)^\s*(?:COMMIT|END)\b`)
	mysqlCommits = regexp.MustCompile(`(?is)^\s*(?:BEGIN|START|CREATE|ALTER|DROP|RENAME|TRUNCATE|LOCK|UNLOCK|GRANT|REVOKE|SET|ANALYZE|OPTIMIZE|CALL|/\*)`)
)

// follow is told of each statement that was run in the transaction. It cannot rewind
// for a statement that it does not know. Then pages are purged that did not change.
func (t *tx) follow(query string) {
	if commits.MatchString(query) || t.pool.mysql && mysqlCommits.MatchString(query) {
		t.unsure.Store(true)
	}
	found := savepoints.FindStringSubmatch(query)
	if found == nil {
		return
	}
	// Where case matters, two names become one here. The newer one is rewound to: too
	// little, never too much.
	name := strings.ToLower(found[2])
	t.mu.Lock()
	defer t.mu.Unlock()
	verb := strings.ToUpper(found[1])
	if verb == "SAVEPOINT" {
		t.savepoints = append(t.savepoints, savepoint{name, integrate.NewMark(t.batch)})
		return
	}
	i := len(t.savepoints) - 1
	for i >= 0 && t.savepoints[i].name != name {
		i--
	}
	switch {
	case i < 0:
	case strings.HasPrefix(verb, "RELEASE"):
		t.savepoints = t.savepoints[:i]
	default: // this one still exists, later ones do not
		integrate.Rewind(t.batch, t.savepoints[i].mark)
		t.savepoints = t.savepoints[:i+1]
	}
}
