package integrate_test

import (
	"context"
	"fmt"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/integrate"
)

// A driver sees BEGIN, COMMIT and ROLLBACK, and cannot change the context that the
// application uses in between.
func ExampleBegin() {
	inv := invalidate.New(invalidate.PurgerFunc(func(_ context.Context, e cache.Event) error {
		fmt.Println("purge:", e.Dependencies)
		return nil
	}), nil)
	invalidate.Register(inv, func(slug string, to *invalidate.Targets) { to.Path("/blog/" + slug + "/") })

	// The application's context, of one request for instance:
	ctx, _ := invalidate.Follow(context.Background())

	tx := integrate.Begin(ctx) // with BEGIN
	fmt.Println("queued:", inv.Invalidate(ctx, "hello"))
	fmt.Println("after COMMIT:", tx.Flush(ctx))

	tx = integrate.Begin(ctx)
	fmt.Println("queued:", inv.Invalidate(ctx, "bye"))
	tx.Discard() // after ROLLBACK
	// Output:
	// queued: <nil>
	// purge: [path:/blog/hello/]
	// after COMMIT: <nil>
	// queued: <nil>
}
