package enthook

import (
	"context"
	"database/sql"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"entgo.io/ent"
	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
)

type creationKey struct{}

// A creation is a mutation that creates a row, or changes one that is there: that it is
// an upsert is to be seen in its statement only. The rows that this is going to change
// are looked up by the keys of its conflict, and loaded, when it passes.
type creation struct {
	d *Driver
	l loader
	m ent.Mutation

	mu      sync.Mutex
	models  []any // the rows as they were
	unknown bool  // there may be others
}

// before returns the rows as they were, and whether there may be others.
func (c *creation) before() (models []any, unknown bool) {
	if c == nil {
		return nil, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.models, c.unknown
}

// An upsert is a statement of ent's that inserts rows or changes them.
type upsert struct {
	table, returning string
	columns          []string
	tuples           [][]int    // of the places of arguments, or one of those below
	keys             [][]string // by which it may find rows, if they are known
}

const (
	null = -1 // which meets no row, and nor does a default, most likely
	expr = -2 // which the database evaluates
)

var (
	upsertText = regexp.MustCompile(`(?s)^INSERT INTO (\S+) \(([^)]*)\) VALUES \((.*)\) (ON CONFLICT|ON DUPLICATE KEY UPDATE) ?(.*?)(?: RETURNING (\S+))?$`)
	target     = regexp.MustCompile(`(?s)^\(([^)]*)\)(?: WHERE .*?)? DO UPDATE `)
	// itself is an assignment that changes nothing.
	itself = regexp.MustCompile("^`([^`]+)` = (?:LAST_INSERT_ID\\()?(?:`[^`]+`\\.)?`([^`]+)`\\)?$")
)

// parseUpsert returns the upsert that query is, or nil. It returns false if it is one,
// and nothing else is known of it.
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

// creationOf returns the creation that ctx is of, or nil.
func creationOf(ctx context.Context) *creation {
	c, _ := ctx.Value(creationKey{}).(*creation)
	return c
}

// passes is told of each statement of the creation before it runs in t.
func (c *creation) passes(ctx context.Context, t *tx, query string, args any) error {
	if c == nil {
		return nil
	}
	u, ok := parseUpsert(query)
	if u == nil && ok {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	values, isList := args.([]any)
	if !ok || !isList {
		c.unknown = true
		return nil
	}
	if err := c.lookUp(context.WithValue(ctx, creationKey{}, (*creation)(nil)), t, u, values); err != nil {
		return fmt.Errorf("enthook: look up the rows of %s before an upsert: %w", c.m.Type(), err)
	}
	return nil
}

// lookUp loads the rows that an upsert finds.
func (c *creation) lookUp(ctx context.Context, t *tx, u *upsert, args []any) error {
	name := c.d.Dialect()
	if name == dialect.MySQL {
		keys, err := c.d.uniqueKeys(ctx, t, u)
		if err != nil {
			return err
		}
		if u.keys = keys; len(keys) == 0 {
			c.unknown = true
			return nil
		}
	}
	given := c.l.id(c.m)
	ids, generated := given.(reflect.Value)
	if !generated {
		ids = reflect.ValueOf(given)
	}
	if !ids.IsValid() || u.returning == "" || !ids.Type().Elem().Comparable() {
		u.returning = "1" // any row that there is will do
	} else {
		ids = reflect.MakeSlice(ids.Type(), 0, 0)
	}
	found := map[any]bool{}
	for _, key := range u.keys {
		for some := range slices.Chunk(u.tuples, 500) {
			query, values, ok := u.query(name, key, some, args)
			switch {
			case !ok:
				c.unknown = true
				continue
			case len(values) == 0:
				continue
			}
			rows := new(entsql.Rows)
			if err := t.Tx.Query(ctx, query, values, rows); err != nil {
				return err
			}
			for rows.Next() {
				if u.returning == "1" {
					c.unknown = true
					break
				}
				id := reflect.New(ids.Type().Elem())
				if err := rows.Scan(id.Interface()); err != nil {
					c.unknown = true // a key that only ent can read
					break
				}
				if v := id.Elem().Interface(); !found[v] {
					found[v] = true
					ids = reflect.Append(ids, id.Elem())
				}
			}
			if err := rows.Err(); err != nil {
				return err
			}
			if err := rows.Close(); err != nil {
				return err
			}
		}
	}
	if len(found) == 0 || c.unknown {
		return nil
	}
	if len(found) > c.d.opts.MaxRows && c.d.hasRule(c.m) {
		c.unknown = true
		return nil
	}
	var list any = ids
	if !generated {
		list = ids.Interface()
	}
	models, err := c.l.load(withLock(ctx), c.m, list)
	c.models = append(c.models, models...)
	c.unknown = c.unknown || len(models) == 0
	return err
}

// query asks for the rows that have one of the values of tuples in key. It returns
// false if it is not known which these are.
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

// uniqueKeys returns the unique keys of the table of an upsert of MySQL's, which does
// not say by which of them it finds rows, and has u return the primary one. It returns
// none if one of them is an expression.
func (d *Driver) uniqueKeys(ctx context.Context, t *tx, u *upsert) (keys [][]string, err error) {
	schema, table, ok := strings.Cut(strings.ReplaceAll(u.table, "`", ""), ".")
	if !ok {
		schema, table = "", schema
	}
	rows := new(entsql.Rows)
	query := "SELECT INDEX_NAME, COLUMN_NAME FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = COALESCE(NULLIF(?, ''), DATABASE()) AND TABLE_NAME = ? AND NON_UNIQUE = 0 ORDER BY INDEX_NAME, SEQ_IN_INDEX"
	if err := t.Tx.Query(ctx, query, []any{schema, table}, rows); err != nil {
		return nil, err
	}
	defer rows.Close()
	var last string
	var primary []string
	for rows.Next() {
		var index string
		var column sql.NullString
		if err := rows.Scan(&index, &column); err != nil {
			return nil, err
		}
		if !column.Valid {
			return nil, nil
		}
		if index != last {
			keys = append(keys, nil)
		}
		last = index
		name := "`" + column.String + "`"
		key := &keys[len(keys)-1]
		*key = append(*key, name)
		if index == "PRIMARY" {
			primary = append(primary, name)
		}
	}
	if len(primary) == 1 {
		u.returning = primary[0]
	}
	return keys, rows.Err()
}
