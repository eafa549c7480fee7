package enthook

import (
	"context"
	"database/sql"
	"strings"

	entsql "entgo.io/ent/dialect/sql"
)

// uniqueKeys returns the unique keys of the table of an upsert on MySQL, which does not
// say by which of them it finds rows. It has u return the primary key. If one key is an
// expression it returns none.
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
