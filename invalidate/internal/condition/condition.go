// Package condition reads the SQL of conditions, for adapters that evaluate one twice:
// in a query for the rows that a statement is going to change, and in the statement.
package condition

import (
	"regexp"
	"strings"
)

// A Reading says what may differ when a condition is evaluated twice.
type Reading struct {
	Selects  bool // it reads other rows: a sub-select
	Volatile bool // it may give another answer for the same rows
}

// Steady reports whether it gives the same answer for the same rows, whatever other
// rows are.
func (r Reading) Steady() bool { return r == Reading{} }

var (
	// quoted matches texts, and names, which may be those of functions.
	quoted = regexp.MustCompile("'(?:[^']|'')*'|\"[^\"]*\"|`[^`]*`")

	selects = regexp.MustCompile(`(?i)\b(?:SELECT|TABLE|WITH)\b`)
	// volatiles depend on the moment, on a variable, or on the order of rows. What the
	// expressions above may misread (escapes, other quotes, comments) counts as one.
	volatiles = regexp.MustCompile(`(?i)\\|\$\$|\$[a-z_]\w*\$|--|/\*|#|@|:=|\b(?:LIMIT|OFFSET|FETCH|TABLESAMPLE|LOCKED|CURRENT_\w+|LOCALTIME\w*|SYSDATE|UTC_\w+)\b`)
	calls     = regexp.MustCompile(`([\w.$]+)\s*\(`)
)

// steady are the words before a bracket that give the same answer for the same rows:
// words of SQL, types, and functions of all databases.
var steady = words(`
	all and any array as between by case cast check distinct else end escape except exists false from group having
	if in intersect is join like not null on or over some then true union using values when where xor ilike regexp similar to
	bigint bit char character decimal double float int integer numeric real text time timestamp varchar varying
	abs avg btrim ceil ceiling char_length character_length coalesce concat concat_ws convert count date_part date_trunc
	extract floor greatest group_concat hex ifnull instr isnull json_array_length json_contains json_extract json_unquote
	json_value jsonb_array_length least left length locate lower lpad ltrim max md5 min mod nullif octet_length position
	replace reverse right round row rpad rtrim sign sqrt strpos substr substring sum trim unhex unnest upper`)

func words(list string) map[string]bool {
	set := map[string]bool{}
	for _, word := range strings.Fields(list) {
		set[word] = true
	}
	return set
}

// Read reads the SQL of a condition. A function that it does not know is volatile.
func Read(sql string) Reading {
	if strings.Contains(sql, `\`) { // it may escape a quote, or not
		return Reading{Selects: true, Volatile: true}
	}
	sql = quoted.ReplaceAllStringFunc(sql, func(s string) string {
		if s[0] == '\'' {
			return " 0 "
		}
		return " _ "
	})
	r := Reading{Selects: selects.MatchString(sql), Volatile: volatiles.MatchString(sql) || strings.ContainsAny(sql, "'\"`")}
	for _, call := range calls.FindAllStringSubmatch(sql, -1) {
		word := strings.ToLower(call[1])
		r.Volatile = r.Volatile || !steady[word] // also a name that was quoted
	}
	return r
}
