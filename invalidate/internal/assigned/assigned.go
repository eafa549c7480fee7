// Package assigned reads which columns an UPDATE sets, for adapters that see the text
// of a statement and not what made it.
package assigned

import "strings"

// Columns returns the columns that the UPDATE in sql sets, without quotes and without
// their table. It returns false if these may not be all.
func Columns(sql string) ([]string, bool) {
	r := reader{sql: sql}
	if !r.to("UPDATE", true) || !r.to("SET", false) {
		return nil, false
	}
	var columns []string
	for {
		column, ok := r.column()
		if !ok {
			return nil, false
		}
		columns = append(columns, column)
		switch r.value() {
		case "":
			return columns, !r.lost
		case ",":
		default:
			return nil, false
		}
	}
}

// Only reports whether sql certainly sets some of columns, and nothing else.
func Only(sql string, columns []string) bool {
	set, ok := Columns(sql)
	if !ok {
		return false
	}
	allowed := map[string]bool{}
	for _, c := range columns {
		allowed[c] = true
	}
	for _, c := range set {
		if !allowed[c] {
			return false
		}
	}
	return true
}

// A reader reads tokens of SQL. What is in brackets is one token, "(".
type reader struct {
	sql  string
	at   int
	lost bool // it has met something that it does not understand
}

// to reads to the word, and over what is before it. It returns false if there is no
// such word, or if, for the first word of a statement, another one is there that is not
// WITH.
func (r *reader) to(word string, first bool) bool {
	with := false
	for token := r.next(); token != ""; token = r.next() {
		switch {
		case r.lost:
			return false
		case strings.EqualFold(token, word):
			return true
		case first && !with && !strings.EqualFold(token, "WITH"), token == ";":
			return false
		}
		with = true
	}
	return false
}

// column reads a column and the equals sign behind it.
func (r *reader) column() (string, bool) {
	name := ""
	for {
		token := r.next()
		if name = unquote(token); name == "" || r.lost {
			return "", false
		}
		switch r.next() {
		case "=":
			return name, true
		case ".":
		default:
			return "", false
		}
	}
}

// value reads a value and what ends it: a comma, or "" for the end of the list, or a
// token that should not be there.
func (r *reader) value() string {
	last := ""
	for token := r.next(); ; token = r.next() {
		switch upper := strings.ToUpper(token); {
		case r.lost:
			return "?"
		case token == ",":
			return token
		case token == "":
			return ""
		case token == ";":
			if r.next() == "" {
				return ""
			}
			return token
		case upper == "FROM" && strings.EqualFold(last, "DISTINCT"): // IS DISTINCT FROM
		case upper == "WHERE", upper == "FROM", upper == "RETURNING", upper == "ORDER", upper == "LIMIT":
			for token != "" {
				if token = r.next(); r.lost || token == ";" && r.next() != "" {
					return "?"
				}
			}
			return ""
		}
		last = token
	}
}

// unquote returns the name that token is, or "".
func unquote(token string) string {
	if token == "" {
		return ""
	}
	switch c := token[0]; {
	case c == '"', c == '`':
		return strings.Trim(token, string(c))
	case isWord(c) && (c < '0' || c > '9'):
		return token
	}
	return ""
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= 0x80
}

// next returns the next token, or "" at the end.
func (r *reader) next() string {
	for r.at < len(r.sql) && strings.IndexByte(" \t\r\n", r.sql[r.at]) >= 0 {
		r.at++
	}
	if r.at >= len(r.sql) {
		return ""
	}
	start := r.at
	switch c := r.sql[r.at]; {
	case c == '\'', c == '"', c == '`':
		r.quoted(c)
	case isWord(c):
		for r.at < len(r.sql) && isWord(r.sql[r.at]) {
			r.at++
		}
	case c == '(':
		r.brackets()
		return "("
	case c == ')', c == '[', c == ']', c == '#', c == '\\', r.has("--"), r.has("/*"), c == '$' && !r.placeholder():
		r.lost = true // a comment, another kind of quotes, or half of something
		r.at = len(r.sql)
		return "?"
	default:
		r.at++
	}
	return r.sql[start:r.at]
}

func (r *reader) has(text string) bool { return strings.HasPrefix(r.sql[r.at:], text) }

// placeholder reports whether a number follows, as in $1, and no text in dollars.
func (r *reader) placeholder() bool {
	return r.at+1 < len(r.sql) && r.sql[r.at+1] >= '0' && r.sql[r.at+1] <= '9'
}

// quoted reads to the end of a text or name. If it has a backslash it may end
// elsewhere.
func (r *reader) quoted(by byte) {
	for r.at++; r.at < len(r.sql); r.at++ {
		switch r.sql[r.at] {
		case '\\':
			r.lost = true
		case by:
			if r.at+1 < len(r.sql) && r.sql[r.at+1] == by { // doubled, it stands for itself
				r.at++
				continue
			}
			r.at++
			return
		}
	}
	r.lost = true
}

// brackets reads to the bracket that closes the current one.
func (r *reader) brackets() {
	for r.at++; r.at < len(r.sql); {
		for r.at < len(r.sql) && strings.IndexByte(" \t\r\n", r.sql[r.at]) >= 0 {
			r.at++
		}
		if r.at < len(r.sql) && r.sql[r.at] == ')' {
			r.at++
			return
		}
		if r.next() == "" || r.lost {
			break
		}
	}
	r.lost = true
}
