package admin

import "regexp"

// Errors of drivers and of CDNs may hold what a page must not show.
var (
	userinfo = regexp.MustCompile(`(://)[^\s/@]*@`)
	secrets  = regexp.MustCompile(`(?i)\b((?:[a-z_-]*(?:token|secret|passwd|password|apikey|api[_-]key|signature)|authorization|bearer|basic)["']?\s*[=: ]\s*["']?(?:(?:bearer|basic)\s+)?)[^\s"'&,;)]+`)
)

// redact returns a text without passwords and tokens, as far as they look like some.
func redact(s string) string {
	s = userinfo.ReplaceAllString(s, "${1}***@")
	return secrets.ReplaceAllString(s, "${1}***")
}
