package gormplugin

import (
	"regexp"
	"strings"

	"github.com/uncache/uncache/invalidate/integrate"
)

// A savepoint is a name, and the place in the batch that it stands for.
type savepoint struct {
	name string
	mark integrate.Mark
}

// savepoints are the statements of GORM's dialects, and of people.
var savepoints = regexp.MustCompile("(?is)^\\s*(SAVEPOINT|RELEASE(?:\\s+SAVEPOINT)?|ROLLBACK(?:\\s+(?:WORK|TRANSACTION))?\\s+TO(?:\\s+SAVEPOINT)?)\\s+[\"`]?([^\\s;\"`]+)[\"`]?\\s*;?\\s*$")

// commits are the statements that may have committed what came before them, whatever is
// said of the transaction later. In MySQL these are many more.
var (
	commits      = regexp.MustCompile(`(?is)^\s*(?:COMMIT|END)\b`)
	mysqlCommits = regexp.MustCompile(`(?is)^\s*(?:BEGIN|START|CREATE|ALTER|DROP|RENAME|TRUNCATE|LOCK|UNLOCK|GRANT|REVOKE|SET|ANALYZE|OPTIMIZE|CALL|/\*)`)
)

// follow is told of each statement that was run in the transaction. What it does
// not know of it cannot rewind; then pages are purged that did not change.
func (t *tx) follow(query string) {
	if commits.MatchString(query) || t.pool.mysql && mysqlCommits.MatchString(query) {
		t.unsure.Store(true)
	}
	found := savepoints.FindStringSubmatch(query)
	if found == nil {
		return
	}
	// Where case matters two names become one here, and the newer is rewound to:
	// too little, and never too much.
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
	default: // it still stands, those after it do not
		integrate.Rewind(t.batch, t.savepoints[i].mark)
		t.savepoints = t.savepoints[:i+1]
	}
}
