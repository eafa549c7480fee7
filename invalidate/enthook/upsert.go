package enthook

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"entgo.io/ent/dialect"
)

// An upsert is a statement of ent that inserts rows or changes them.
type upsert struct {
	table, returning string
	columns          []string
	tuples           [][]int    // places of arguments, or one of the constants below
	keys             [][]string // by which it may find rows, if they are known
}

const (
	null = -1 // which meets no row; nor does a default, most likely
	expr = -2 // which the database evaluates
)

var (
	upsertText = regexp.MustCompile(`(?s)^INSERT INTO (\S+) \(([^)]*)\) VALUES \((.*)\) (ON CONFLICT|ON DUPLICATE KEY UPDATE) ?(.*?)(?: RETURNING (\S+))?$`)
	target     = regexp.MustCompile(`(?s)^\(([^)]*)\)(?: WHERE .*?)? DO UPDATE `)
	// itself is an assignment that changes nothing.
	itself = regexp.MustCompile("^`([^`]+)` = (?:LAST_INSERT_ID\\()?(?:`[^`]+`\\.)?`([^`]+)`\\)?$")
)

// parseUpsert returns the upsert that query is, or nil. It returns false if it is one
// that it does not understand.
func parseUpsert(query string) (*upsert, bool) {
	if !strings.Contains(query, " ON CONFLICT") && !strings.Contains(query, " ON DUPLICATE KEY ") {
		return nil, true
	}
	if strings.Contains(query, " DO NOTHING") {
		return nil, true
	}
	text := upsertText.FindStringSubmatch(query)
	if text == nil {
		return nil, false
	}
	u := &upsert{table: text[1], columns: strings.Split(text[2], ", "), returning: text[6]}
	args := 0
	for tuple := range strings.SplitSeq(text[3], "), (") {
		values := strings.Split(tuple, ", ")
		places := make([]int, len(values))
		for i, value := range values {
			n, err := strconv.Atoi(strings.TrimPrefix(value, "$"))
			switch {
			case value == "?":
				places[i] = args
				args++
			case strings.HasPrefix(value, "$") && err == nil:
				places[i] = n - 1
			case value == "NULL", value == "DEFAULT":
				places[i] = null
			case strings.Contains(value, "?"):
				return nil, false
			default:
				places[i] = expr
			}
		}
		if len(values) != len(u.columns) {
			return nil, false
		}
		u.tuples = append(u.tuples, places)
	}
	if text[4] == "ON CONFLICT" {
		columns := target.FindStringSubmatch(text[5])
		if columns == nil {
			return nil, false
		}
		u.keys = [][]string{strings.Split(columns[1], ", ")}
		return u, true
	}
	for assignment := range strings.SplitSeq(text[5], ", ") {
		if same := itself.FindStringSubmatch(assignment); same == nil || same[1] != same[2] {
			return u, true
		}
	}
	return nil, true
}

// query asks for the rows that have one of the values of tuples in key. It returns
// false if these are not known.
func (u *upsert) query(name string, key []string, tuples [][]int, args []any) (string, []any, bool) {
	var values []any
	var rows []string
	for _, tuple := range tuples {
		var of []any
		var equal []string
		for _, column := range key {
			i := slices.Index(u.columns, column)
			if (i < 0 || tuple[i] == null) && name != dialect.MySQL && column != u.returning {
				return "", nil, false // a default, by which it finds rows on purpose
			}
			if i < 0 || tuple[i] == null || tuple[i] >= 0 && (tuple[i] >= len(args) || args[tuple[i]] == nil) {
				equal = nil
				break
			}
			if tuple[i] == expr {
				return "", nil, false
			}
			of = append(of, args[tuple[i]])
			placeholder := "?"
			if name == dialect.Postgres {
				placeholder = fmt.Sprint("$", len(values)+len(of))
			}
			equal = append(equal, column+" = "+placeholder)
		}
		if equal != nil {
			values = append(values, of...)
			rows = append(rows, "("+strings.Join(equal, " AND ")+")")
		}
	}
	return fmt.Sprintf("SELECT %s FROM %s WHERE %s", u.returning, u.table, strings.Join(rows, " OR ")), values, true
}
