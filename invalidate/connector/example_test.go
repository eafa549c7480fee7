package connector_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/connector"
	"github.com/uncache/uncache/invalidate/internal/invtest"
)

// The handler calls Invalidate in a transaction, and does not know that the purge has
// to wait for COMMIT.
func Example() {
	base := &database{Script: invtest.NewScript(new(invtest.Trace))} // any driver's connector
	db := sql.OpenDB(connector.New(base))
	defer db.Close()

	inv := invalidate.New(invalidate.PurgerFunc(func(_ context.Context, e cache.Event) error {
		fmt.Println("purge", e.Dependencies)
		return nil
	}), nil)
	invalidate.Register(inv, func(p post, to *invalidate.Targets) { to.Path("/blog/" + string(p)) })

	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tx, err := db.BeginTx(r.Context(), nil)
		if err != nil {
			fmt.Println(err)
			return
		}
		if _, err := tx.ExecContext(r.Context(), "UPDATE posts SET ..."); err != nil {
			fmt.Println(err)
		}
		if err := inv.Invalidate(r.Context(), post("hello")); err != nil {
			fmt.Println(err)
		}
		fmt.Println("saved, not committed")
		fmt.Println("committed:", tx.Commit())
	})
	connector.Handler(app).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/edit", nil))
	// Output:
	// saved, not committed
	// purge [path:/blog/hello]
	// committed: <nil>
}
