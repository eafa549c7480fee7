package rfc9111

import (
	"net/http"
	"strings"
)

// nextDirective takes the first directive off a list. The argument of one that
// is quoted is returned without quotes and escapes, one that is malformed as
// nonsense; whole is false if the quote does not end.
func nextDirective(s string) (name, arg, rest string, whole bool) {
	s = strings.TrimLeft(s, " \t,")
	end := strings.IndexAny(s, ",=")
	if end < 0 {
		end = len(s)
	}
	// What a name goes on with that is no part of one does not hide it: who
	// writes "no-store; private" means something.
	name, _, _ = strings.Cut(s[:end], ";")
	name = strings.TrimRight(name, " \t")
	if end == len(s) || s[end] == ',' {
		return name, "", s[min(end+1, len(s)):], true
	}
	proper := len(name) == end // there is no space around "=" (RFC 9110 §5.6.6)
	s = s[end+1:]
	if quoted := strings.TrimLeft(s, " \t"); !strings.HasPrefix(quoted, `"`) {
		arg, rest, _ = strings.Cut(s, ",")
		if arg = strings.TrimRight(arg, " \t"); !proper {
			arg = nonsense
		}
		return name, arg, rest, true
	} else if len(quoted) < len(s) {
		proper, s = false, quoted
	}
	var b strings.Builder
	i := 1
	for ; i < len(s) && s[i] != '"'; i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	whole = i < len(s)
	junk, rest, _ := strings.Cut(s[min(i+1, len(s)):], ",")
	if !proper || strings.Trim(junk, " \t") != "" {
		return name, nonsense, rest, whole
	}
	return name, b.String(), rest, whole
}

// nonsense stands for an argument that is none: it is no number, and names no
// fields.
const nonsense = " "

// narrow takes n in, if it is less than what was there.
func (s *Seconds) narrow(n int64) {
	if !s.Set || n < s.N {
		s.Set, s.N = true, n
	}
}

// parseSeconds returns 0 for what is not a number of seconds.
func parseSeconds(s string) int64 {
	n, _ := digits(s)
	return n
}

// digits reads a number without a sign, which counts as maxSeconds if it is
// larger (RFC 9111 §1.2.2).
func digits(s string) (int64, bool) {
	return DigitsUpTo(s, maxSeconds)
}

// DigitsUpTo reads a number without a sign, which counts as most if it is
// larger. There is room for a digit more than most has.
func DigitsUpTo(s string, most int64) (int64, bool) {
	var n int64
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = min(10*n+int64(s[i]-'0'), most)
	}
	return n, s != ""
}

// ListMembers calls f with each member of the comma-separated lists that
// stand under name, without the space around it, until f returns false.
func ListMembers(h http.Header, name string, f func(member string) bool) {
	for _, field := range h[name] {
		for member := range strings.SplitSeq(field, ",") {
			if member = strings.Trim(member, " \t"); member != "" && !f(member) {
				return
			}
		}
	}
}

// Seconds is a delta-seconds value, or absent.
type Seconds struct {
	Set bool
	N   int64
}

// maxSeconds is what a delta-seconds that overflows counts as (RFC 9111 §1.2.2).
const maxSeconds = 1 << 31
