package bunhook

import "strings"

// withoutTexts returns a statement with "?" for each byte of a text, of a quoted name
// that is a text in MySQL, and of a comment. So what a user has typed is not taken for
// SQL, and everything is at the same place. If backslash, a backslash in a text escapes
// the next byte.
func withoutTexts(query string, backslash bool) string {
	b := []byte(query)
	for i := 0; i < len(b); {
		end := textEnd(query, i, backslash)
		if end == i {
			i++
			continue
		}
		for ; i < end; i++ {
			b[i] = '?'
		}
	}
	return string(b)
}

// textEnd returns the end of the text or comment that begins at i, or i if none does.
func textEnd(query string, i int, backslash bool) int {
	rest := query[i:]
	switch {
	case rest[0] == '\'':
		// E'...' is PostgreSQL's text with escapes.
		escapes := backslash || i > 0 && (query[i-1] == 'E' || query[i-1] == 'e') && (i == 1 || !isWord(query[i-2]))
		return quoteEnd(query, i, escapes)
	case rest[0] == '"' && backslash:
		return quoteEnd(query, i, true)
	case strings.HasPrefix(rest, "--"):
		return endAfter(query, i, "\n")
	case strings.HasPrefix(rest, "/*"):
		return endAfter(query, i, "*/")
	case rest[0] == '$' && !backslash && (i == 0 || !isWord(query[i-1])):
		tag := 1
		for tag < len(rest) && isWord(rest[tag]) {
			tag++
		}
		if tag < len(rest) && rest[tag] == '$' { // $tag$...$tag$
			return endAfter(query, i+tag+1, rest[:tag+1])
		}
	}
	return i
}

// quoteEnd returns the end of what is quoted from i on. A doubled quote does not end
// it.
func quoteEnd(query string, i int, escapes bool) int {
	quote := query[i]
	for i++; i < len(query); i++ {
		switch {
		case query[i] == '\\' && escapes:
			i++
		case query[i] == quote && i+1 < len(query) && query[i+1] == quote:
			i++
		case query[i] == quote:
			return i + 1
		}
	}
	return len(query)
}

func endAfter(query string, i int, mark string) int {
	if end := strings.Index(query[i:], mark); end >= 0 {
		return i + end + len(mark)
	}
	return len(query)
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= 0x80
}
