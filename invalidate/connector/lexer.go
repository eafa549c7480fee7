package connector

import "strings"

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

// A lexer reads words from the front of a text.
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

// name returns a name: a word, in lower case as in PostgreSQL, or what is in quotes.
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

// comment skips a comment, which in PostgreSQL may contain others. Elsewhere it ends
// earlier. A statement after that end is not seen, and the whole is not plain.
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

// more reports whether anything but comments comes after the next semicolon. The
// semicolon may be one in a string.
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
