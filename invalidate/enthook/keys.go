package enthook

import (
	"fmt"
	"reflect"
	"regexp"
	"sync"

	"entgo.io/ent"
	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"

	"github.com/uncache/uncache/invalidate/internal/condition"
)

type statementKey struct{}

// A statement is the query for the IDs of a mutation, as the driver has seen it.
type statement struct {
	tx    *tx
	query string
}

// idColumn finds the column in such a query.
var idColumn = regexp.MustCompile("^SELECT (?:DISTINCT )?(?:[\"`][^\"`]*[\"`]\\.)*[\"`]([^\"`]+)[\"`] FROM ")

// maxKeys is how many keys an update or delete may name. SQLite takes 32,766
// parameters, PostgreSQL and MySQL twice as many.
const maxKeys = 30_000

// keys keep an update or delete by condition to rows whose keys are known. A condition
// is evaluated twice: by the query for the IDs and by the statement. The second time it
// may match others. They came in between, an interceptor hid them from the query, the
// condition reads another table, or it is volatile. So:
//
//  1. ent builds the statement, and asks for its condition
//  2. the keys of the rows that this matches are read, and locked
//  3. they replace the condition
//
// MySQL locks what a sub-select of an UPDATE reads, so there such a condition stays
// beside the keys.
type keys struct {
	ids    reflect.Value // that were read before, a slice
	tx     *tx
	column string

	mu      sync.Mutex
	over    bool
	known   bool // list is the rows that the statement changes
	list    []any
	beside  bool // the condition stays
	unknown bool // the statement may change rows that are not among ids
}

// keepTo adds keys to the condition of m. seen is the query by which its IDs were read.
// keepTo returns nil if m takes no conditions.
func keepTo(m ent.Mutation, ids any, seen *statement) *keys {
	where, ok := m.(interface {
		WhereP(...func(*entsql.Selector))
	})
	if !ok {
		return &keys{unknown: true}
	}
	k := &keys{ids: reflect.ValueOf(ids), tx: seen.tx}
	if v, ok := ids.(reflect.Value); ok {
		k.ids = v
	}
	column := idColumn.FindStringSubmatch(seen.query)
	if column == nil || seen.tx == nil {
		return &keys{unknown: true}
	}
	k.column = column[1]
	where.WhereP(k.predicate)
	return k
}

// others reports whether the statement may have changed rows that were not read.
func (k *keys) others() bool {
	if k == nil {
		return false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.unknown
}

// close makes the predicate do nothing: the mutation may be used again.
func (k *keys) close() {
	if k == nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.over = true
}

// predicate is asked last, after those that the mutation had before its hooks.
func (k *keys) predicate(s *entsql.Selector) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.over {
		return
	}
	if !k.known && !k.unknown {
		if err := k.read(s); err != nil {
			k.unknown = true
			s.AddError(fmt.Errorf("enthook: read the keys of the rows of %s: %w", s.TableName(), err))
			return
		}
	}
	switch {
	case !k.known:
	case k.beside:
		s.Where(k.are(s))
	default:
		s.SetP(k.are(s))
	}
}

// are is the predicate that a row is one of those whose keys are known.
func (k *keys) are(s *entsql.Selector) *entsql.Predicate {
	if len(k.list) == 0 {
		return entsql.False()
	}
	return entsql.In(s.C(k.column), k.list...)
}

// read reads the keys of the rows that s selects, and locks them.
func (k *keys) read(s *entsql.Selector) error {
	if s.HasJoins() {
		k.unknown = true
		return nil
	}
	q := entsql.Dialect(s.Dialect()).Select(s.C(k.column)).From(s.Table()).SetP(s.P())
	if s.Dialect() != dialect.SQLite {
		q.ForUpdate()
	}
	query, args := q.Query()
	if s.Dialect() == dialect.MySQL {
		how := condition.Read(query[len("SELECT"):])
		if k.beside = how.Selects; how.Selects && how.Volatile {
			k.unknown = true
			return nil
		}
	}
	rows := new(entsql.Rows)
	if err := k.tx.Tx.Query(s.Context(), query, args, rows); err != nil {
		return err
	}
	defer rows.Close()
	before := make(map[any]bool, k.ids.Len())
	comparable := k.ids.Type().Elem().Comparable()
	for i := range k.ids.Len() {
		if comparable {
			before[k.ids.Index(i).Interface()] = true
		}
	}
	for rows.Next() {
		id := reflect.New(k.ids.Type().Elem())
		if err := rows.Scan(id.Interface()); err != nil {
			k.unknown = true // a key that only ent can read
			return nil
		}
		key := id.Elem().Interface()
		k.unknown = k.unknown || !comparable || !before[key]
		k.list = append(k.list, key)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if k.known = len(k.list) <= maxKeys; !k.known {
		k.unknown = true
	}
	return nil
}
