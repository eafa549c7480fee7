package connector_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate/connector"
)

// A page that is rendered behind the Handler, in the context of a transaction that was
// rolled back, is not stored. Its context is not known where following begins.
func TestRolledBackIsTold(t *testing.T) {
	for name, back := range map[string][]string{
		"transaction": {"ROLLBACK"},
		"savepoint":   {"ROLLBACK TO a", "COMMIT"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, false)
			told := false
			page := http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
				ctx := cache.WithRolledBack(req.Context(), func() { told = true })
				c, err := r.db.Conn(ctx)
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				run := func(statements ...string) {
					for _, s := range statements {
						if _, err := c.ExecContext(ctx, s); err != nil {
							t.Error(err)
						}
					}
				}
				run("BEGIN", "SAVEPOINT a")
				if err := r.inv.Invalidate(ctx, post("x")); err != nil {
					t.Error(err)
				}
				run(back...)
			})
			connector.Handler(page).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
			if !told {
				t.Error("the page was not told")
			}
		})
	}
}
