package connector

import "strings"

// A verb is what a statement does to a transaction.
type verb int

const (
	other verb = iota
	begin
	commit
	rollback
	savepoint
	rollbackTo
	release
)

// A statement is what has to be known of one.
type statement struct {
	verb  verb
	name  string // of a savepoint, without quotes
	chain bool   // another transaction begins at once

	// readOnly is whether it begins a transaction that writes nothing.
	readOnly bool
	// reads is whether it writes nothing, except by a function.
	reads bool

	// plain is whether it cannot end a transaction, in any database.
	plain bool
	// several is whether it may be more than one statement, and hidden whether one of
	// these may be a COMMIT.
	several, hidden bool
}

// parse looks at a statement's first words. It knows no more of the language. A
// statement that it takes for another is purged too often, not too rarely.
func parse(query string) statement {
	l := lexer{query}
	var s statement
	switch first := l.word(); first {
	case "select", "values", "table", "show", "declare", "fetch":
		s.plain, s.reads = true, true
	case "insert", "update", "delete", "with", "replace", "merge", "upsert", "explain", "pragma":
		s.plain = true
	case "begin":
		s.verb, s.readOnly = begin, l.readOnly()
	case "start":
		if l.word() == "transaction" {
			s.verb, s.readOnly = begin, l.readOnly()
		}
	case "commit", "end":
		s.verb = commit
	case "rollback", "abort":
		s.verb = rollback
	case "savepoint":
		s.verb = savepoint
		s.name = l.name()
	case "release":
		s.verb = release
		s.name = l.savepoint()
	}
	if s.verb == commit || s.verb == rollback {
		l.ending(&s)
	}
	if l.more() {
		return s.compound(query)
	}
	return s
}

// compound is s if another statement, or at least a semicolon, comes after it.
func (s statement) compound(query string) statement {
	query = strings.ToLower(query)
	c := statement{several: true}
	if s.verb == begin { // even if it is read-only: another may follow
		c.verb = begin
	}
	for _, w := range []string{"commit", "end", "release"} {
		c.hidden = c.hidden || strings.Contains(query, w)
	}
	return c
}
