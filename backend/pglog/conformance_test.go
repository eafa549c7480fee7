package pglog_test

import (
	"context"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx", for dbtest

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/cachetest"
)

func TestLogConforms(t *testing.T) {
	cachetest.RunLog(t, cachetest.LogHarness{
		Open:   func(t *testing.T) cache.Log { return newProcess(t) },
		Second: func(t *testing.T, l cache.Log) cache.Log { return l.(process).second(t) },
		Trim: func(ctx context.Context, l cache.Log) error {
			return l.(process).exec(ctx, "DELETE FROM {schema}.events WHERE pos <= (SELECT max(pos) - 4 FROM {schema}.events)")
		},
		LoseHead: func(ctx context.Context, l cache.Log) error {
			return l.(process).exec(ctx, "DELETE FROM {schema}.state")
		},
		LoseEvents: func(ctx context.Context, l cache.Log) error {
			return l.(process).exec(ctx, "DELETE FROM {schema}.events")
		},
	})
}
