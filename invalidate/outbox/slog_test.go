package outbox_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/uncache/uncache/invalidate/outbox"
)

// What is logged, and at which level.
func TestSlogObserver(t *testing.T) {
	var out bytes.Buffer
	observe := outbox.SlogObserver(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{
		Level: slog.LevelDebug,
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	})))
	err := errors.New("refused")
	for _, o := range []outbox.Observation{
		{Op: outbox.OpRelay, Rows: 3, Events: 1},
		{Op: outbox.OpRecovered},
		{Op: outbox.OpRetry, ID: "1", Rows: 1, Err: err},
		{Op: outbox.OpClaim, Err: err},
		{Op: outbox.OpDelete, Rows: 2, Err: err},
		{Op: outbox.OpDead, ID: "1", Rows: 1, Err: err},
		{Op: outbox.OpOutage, Err: err},
		{Op: outbox.OpStuck, ID: "1", Rows: 1, Err: err},
		{Op: outbox.OpObserve, Err: err},
	} {
		observe(o)
	}
	const want = `level=INFO msg="outbox: a relay purged what savers had left" op=relay rows=3 events=1
level=INFO msg="outbox: purges work again" op=recovered
level=WARN msg="outbox: the purge of a row failed and is tried again" op=retry id=1 rows=1 error=refused
level=WARN msg="outbox: the database did not let a relay work" op=claim error=refused
level=WARN msg="outbox: rows that were purged could not be deleted" op=delete rows=2 error=refused
level=ERROR msg="outbox: a row is a dead letter; old pages may be served" op=dead id=1 rows=1 error=refused
level=ERROR msg="outbox: no purge works; rows wait" op=outage error=refused
level=ERROR msg="outbox: the database does not let go of a row" op=stuck id=1 rows=1 error=refused
level=ERROR msg="outbox: Observe panicked" op=observe error=refused
`
	if got := out.String(); got != want {
		t.Errorf("logged\n%swant\n%s", got, want)
	}
}

func TestSlogObserverOfNil(t *testing.T) {
	defer func() {
		if p := recover(); !strings.HasPrefix(fmt.Sprint(p), "outbox: SlogObserver") {
			t.Errorf("panic: %v", p)
		}
	}()
	outbox.SlogObserver(nil)
}
