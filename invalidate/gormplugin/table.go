package gormplugin

import (
	"regexp"
	"strings"

	"gorm.io/gorm"
)

// named finds the name of a table in the argument of [gorm.DB.Table]: "posts AS p",
// "`posts`", "public.posts".
var named = regexp.MustCompile("^\\s*(?:(?:\"[^\"]+\"|`[^`]+`|[^\\s.\"`()]+)\\.)*(\"[^\"]+\"|`[^`]+`|[^\\s.\"`()]+)(?:\\s|$)")

// tableOf returns the table of a statement, and not its alias.
func tableOf(stmt *gorm.Statement) Table {
	if stmt.TableExpr != nil {
		if found := named.FindStringSubmatch(stmt.TableExpr.SQL); found != nil {
			return Table(strings.Trim(found[1], "\"`"))
		}
	}
	return Table(stmt.Table)
}
