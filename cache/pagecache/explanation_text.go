package pagecache

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/uncache/uncache/cache"
)

// String returns the Explanation as lines of text, without control characters.
func (x Explanation) String() string {
	var b strings.Builder
	line := func(format string, args ...any) {
		b.WriteString(printable(fmt.Sprintf(format, args...)))
		b.WriteByte('\n')
	}
	answer := "the handler would be asked"
	if x.Hit {
		answer = "it would be answered from the store"
	}
	line("%s %s: %s (%s)", x.Method, x.URL, answer, x.Status)
	line("  why        %s", x.Because)
	if x.Reason != "" {
		line("  reason     %s", x.Reason)
	}
	if x.Key != "" {
		line("  key        %s", x.Key)
	}
	if len(x.Vary) > 0 {
		line("  varies by  %s", strings.Join(x.Vary, ", "))
	}
	if r := x.Rendering; r != nil {
		outcome := "stored for " + about(r.Keep)
		if r.Keep == 0 {
			outcome = "stored"
		}
		if !r.Stored {
			outcome = "not stored: " + r.Reason
		}
		line("  rendered   %s ago here, status %d in %s, %s", about(x.Time.Sub(r.Time)), r.Status, about(r.Took), outcome)
	}
	if len(x.Stored) == 0 {
		line("  stored     nothing")
	}
	for _, v := range x.Stored {
		mark := ""
		if v.Selected {
			mark = ", selected"
		}
		line("  stored     %s%s, status %d, %d bytes %s, age %s of %s, tier %d", v.Verdict, mark, v.Status, v.Bytes, v.Type, about(v.Age), about(v.Lifetime), v.Tier)
		line("             under %s, stamped %d", v.Key, v.Stamp)
		line("             made from %s", dependencies(v.Dependencies, v.Unnamed))
	}
	if e := x.Purge; e != nil {
		line("  purge      %d at %s, naming %s", e.Position, e.Time.UTC().Format(time.RFC3339), dependencies(e.Dependencies, 0))
	}
	return b.String()
}

// dependencies lists names, a few of many.
func dependencies(list []cache.Dependency, unnamed int) string {
	const most = 20
	names := make([]string, 0, most+1)
	for _, d := range list[:min(len(list), most)] {
		names = append(names, string(d))
	}
	if more := len(list) - len(names) + unnamed; more > 0 {
		names = append(names, strconv.Itoa(more)+" more")
	}
	return strings.Join(names, ", ")
}

// printable returns s with what a terminal might obey in place of showing it escaped.
func printable(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if unicode.IsPrint(r) {
			b.WriteRune(r)
			continue
		}
		q := strconv.QuoteRuneToASCII(r)
		b.WriteString(q[1 : len(q)-1])
	}
	return b.String()
}
