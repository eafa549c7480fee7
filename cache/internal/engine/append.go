package engine

import (
	"context"
	"fmt"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/alongside"
	"github.com/uncache/uncache/internal/panics"
)

// appendTo appends e to log, with bounded names. An event that names too much
// becomes several. It returns the last position.
func appendTo(ctx context.Context, log cache.Log, e cache.Event) (pos cache.Position, err error) {
	events := split(e.Bounded())
	for i, e := range events {
		of := ctx
		if i < len(events)-1 {
			of = alongside.With(ctx, nil) // keys are deleted with the last event
		}
		if pos, err = appendOne(of, log, e); err != nil && len(events) > 1 {
			return 0, fmt.Errorf("event %d of %d: %w", i+1, len(events), err)
		}
		if err != nil {
			return 0, err
		}
	}
	return pos, nil
}

func appendOne(ctx context.Context, log cache.Log, e cache.Event) (pos cache.Position, err error) {
	defer panics.Catch(&err)
	return log.Append(ctx, e)
}

// appendTx appends e to log in the transaction of exec, as appendTo does. It returns
// false if the log is not in that transaction's database.
func appendTx(ctx context.Context, log cache.TxLog, exec cache.Exec, e cache.Event) (ok bool, err error) {
	defer panics.Catch(&err)
	for _, e := range split(e.Bounded()) {
		if ok, err = log.AppendTx(ctx, exec, e); err != nil || !ok {
			return false, err
		}
	}
	return true, nil
}

// split returns e as events of bounded size.
func split(e cache.Event) []cache.Event {
	var events []cache.Event
	begin, bytes := 0, 0
	for i, d := range e.Dependencies {
		if i-begin == cache.MaxEvent || bytes+len(d) > cache.MaxEventBytes {
			full := e
			full.Dependencies = e.Dependencies[begin:i:i]
			events = append(events, full)
			begin, bytes = i, 0
		}
		bytes += len(d)
	}
	e.Dependencies = e.Dependencies[begin:]
	return append(events, e)
}
