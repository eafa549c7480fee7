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
	name  string // of a savepoint; its quotes are gone
	chain bool   // whether another transaction begins at once

	// readOnly is whether one that begins a transaction says that nothing will be
	// written in it.
	readOnly bool
	// reads is whether it writes nothing, but for what a function may do.
	reads bool

	// plain is whether one without a verb cannot end a transaction, in any
	// database.
	plain bool
	// several is whether it may be more than one statement, and hidden whether
	// one of these may be a COMMIT.
	several, hidden bool
}

// parse looks at a statement's first words. It knows no more than that of the
// language, and what it takes for something else is purged too often, not too
// rarely.
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

// ending reads on after COMMIT or ROLLBACK.
func (l *lexer) ending(s *statement) {
	w := l.word()
	if w == "work" || w == "transaction" {
		w = l.word()
	}
	switch {
	case w == "prepared": // of another connection
		s.verb = other
	case w == "to" && s.verb == rollback:
		s.verb, s.name = rollbackTo, l.savepoint()
	case w == "and":
		s.chain = l.word() == "chain"
	}
}

// readOnly reads on after BEGIN or START TRANSACTION.
func (l *lexer) readOnly() bool {
	readOnly := false
	for {
		switch w := l.word(); {
		case w == "read":
			if w = l.word(); w == "only" || w == "write" { // or COMMITTED
				readOnly = w == "only"
			}
		case w != "":
		case strings.HasPrefix(l.rest, ","):
			l.rest = l.rest[1:]
		default:
			return readOnly
		}
	}
}

// compound is s if there is another statement after it, or at least a semicolon.
func (s statement) compound(query string) statement {
	query = strings.ToLower(query)
	c := statement{several: true}
	if s.verb == begin { // though it be read-only: another may follow
		c.verb = begin
	}
	for _, w := range []string{"commit", "end", "release"} {
		c.hidden = c.hidden || strings.Contains(query, w)
	}
	return c
}

// A lexer reads words off the front of a text.
type lexer struct{ rest string }

// word returns the next word in lower case, or "" if something else comes.
func (l *lexer) word() string {
	l.space()
	n := 0
	for n < len(l.rest) && isWord(l.rest[n]) {
		n++
	}
	w := strings.ToLower(l.rest[:n])
	l.rest = l.rest[n:]
	return w
}

// savepoint returns a savepoint's name, perhaps after the word SAVEPOINT.
func (l *lexer) savepoint() string {
	before := l.rest
	if l.word() != "savepoint" {
		l.rest = before
	}
	return l.name()
}

// name returns a name: a word, folded to lower case as PostgreSQL does, or what
// is in quotes.
func (l *lexer) name() string {
	l.space()
	if l.rest == "" || !strings.ContainsRune("\"`[", rune(l.rest[0])) {
		return l.word()
	}
	quote := l.rest[:1]
	if quote == "[" {
		quote = "]"
	}
	var name strings.Builder
	l.rest = l.rest[1:]
	for {
		part, rest, closed := strings.Cut(l.rest, quote)
		name.WriteString(part)
		l.rest = rest
		if !closed || !strings.HasPrefix(rest, quote) {
			return name.String()
		}
		name.WriteString(quote) // doubled, it stands for itself
		l.rest = rest[1:]
	}
}

// space skips white space, comments and opening parentheses.
func (l *lexer) space() {
	for {
		l.rest = strings.TrimLeft(l.rest, " \t\r\n\f\v(")
		switch {
		case strings.HasPrefix(l.rest, "--"), strings.HasPrefix(l.rest, "#"):
			_, l.rest, _ = strings.Cut(l.rest, "\n")
		case strings.HasPrefix(l.rest, "/*!"), strings.HasPrefix(l.rest, "/*M!"):
			return // MySQL executes it
		case strings.HasPrefix(l.rest, "/*"):
			l.comment()
		default:
			return
		}
	}
}

// comment skips a comment, which in PostgreSQL may contain others. Elsewhere it
// ends earlier; then a statement that follows is not seen, and not plain.
func (l *lexer) comment() {
	depth := 0
	for l.rest != "" {
		switch {
		case strings.HasPrefix(l.rest, "/*"):
			depth++
			l.rest = l.rest[2:]
		case strings.HasPrefix(l.rest, "*/"):
			depth--
			l.rest = l.rest[2:]
			if depth == 0 {
				return
			}
		default:
			l.rest = l.rest[1:]
		}
	}
}

// more reports whether anything but comments comes after the next semicolon,
// which may be one in a string.
func (l *lexer) more() bool {
	for {
		_, rest, ok := strings.Cut(l.rest, ";")
		if !ok {
			return false
		}
		l.rest = rest
		if l.space(); l.rest != "" && l.rest[0] != ';' {
			return true
		}
	}
}

func isWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '$' || c >= 0x80
}
