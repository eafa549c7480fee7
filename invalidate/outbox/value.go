package outbox

import (
	"fmt"
	"math"
	"strconv"
)

// A rowID is an id as the database returned it, and as the database finds it. SQLite
// keeps a BLOB in a column of TEXT as it is, and no text finds it.
type rowID struct {
	text string
	blob bool
}

// textIDs returns IDs that Enqueue has made.
func textIDs(ids []string) []rowID {
	list := make([]rowID, len(ids))
	for i, id := range ids {
		list[i].text = id
	}
	return list
}

// arg returns the argument that finds the row.
func (id rowID) arg() any {
	if id.blob {
		return []byte(id.text)
	}
	return id.text
}

// A scannedID takes an id of any type: one that cannot be scanned would stop all
// others.
type scannedID string

// Scan implements [sql.Scanner].
func (id *scannedID) Scan(v any) error {
	switch v := v.(type) {
	case string:
		*id = scannedID(v)
	case []byte:
		*id = scannedID(v)
	default:
		*id = scannedID(fmt.Sprint(v))
	}
	return nil
}

// A number is a column that should hold a number. Anything else is 0: SQLite keeps any
// value in any column.
type number int64

// Scan implements [sql.Scanner].
func (n *number) Scan(v any) error {
	*n = 0
	switch v := v.(type) {
	case int64:
		*n = number(v)
	case float64:
		if v >= math.MinInt64 && v < math.MaxInt64 {
			*n = number(v)
		}
	case []byte:
		i, _ := strconv.ParseInt(string(v), 10, 64)
		*n = number(i)
	case string:
		i, _ := strconv.ParseInt(v, 10, 64)
		*n = number(i)
	}
	return nil
}

// maxTries is the greatest number that the column tries takes.
const maxTries = math.MaxInt32

// clampTries returns tries so that it is at least 0, and one more fits into the column.
func clampTries(n number) int { return int(min(max(n, 0), maxTries-1)) }
