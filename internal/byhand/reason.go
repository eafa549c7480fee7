package byhand

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Who and why are short enough that a log keeps both (cache.MaxNote).
const maxWho, maxWhy = 64, 160

// Reason is the reason of a purge by hand: who asked for it, and why.
func Reason(who, why string) string {
	text := "by hand, " + Line(who, maxWho)
	if why = Line(why, maxWhy); why != "" {
		text += ": " + why
	}
	return text
}

// Line returns a text as one printable line, of n bytes at most.
func Line(s string, n int) string {
	s = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) && r != utf8.RuneError {
			return r
		}
		return ' '
	}, s))
	for len(s) > n {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return s
}
