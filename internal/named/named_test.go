package named_test

import (
	"testing"

	"github.com/uncache/uncache/internal/named"
)

func TestCheckPath(t *testing.T) {
	for path, pattern := range map[string]bool{
		"/blog/*": true, "/blog*": true, "/blog/{slug}/": true, "/{path...}": true,
		"/": false, "/a*b": false, "/blog/%2A": false, "/{": false, "/}/": false, "/%7Bslug%7D/": false,
	} {
		if err := named.CheckPath(path); (err != nil) != pattern {
			t.Errorf("%s: error %v, want one: %v", path, err, pattern)
		}
	}
}
