package pglog

import (
	"context"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/uncache/uncache/cache"
)

// ears are the connection that listens for notifications. It is made by the first Wait.
type ears struct {
	turn  chan struct{}  // holds a token while a Wait uses the rest
	conn  *pgx.Conn      // nil until it is made, and when it was lost
	heard cache.Position // the newest that a notification named
}

const (
	// quiet is how long a connection may be silent before it is asked whether it lives.
	quiet = 30 * time.Second

	// connectTimeout bounds an attempt to connect, a ping and a goodbye.
	connectTimeout = 5 * time.Second
)

// Wait listens for an event after a position, see [cache.Waiter]. It uses a connection of
// its own, outside the pool. The first Wait, and one that has made a new connection,
// returns nil at once, for what was missed.
func (l *Log) Wait(ctx context.Context, after cache.Position) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(l.ctx, cancel)()
	select {
	case l.ears.turn <- struct{}{}:
		defer func() { <-l.ears.turn }()
	case <-ctx.Done():
		return l.failed("wait", ctx.Err())
	}
	if l.closed.Load() {
		return l.errClosed("wait")
	}
	err := l.ears.wait(ctx, l, after)
	if err != nil {
		l.ears.hangUp()
		return l.failed("wait", err)
	}
	return nil
}

func (e *ears) wait(ctx context.Context, l *Log, after cache.Position) error {
	if e.conn == nil {
		return e.connect(ctx, l)
	}
	for e.heard <= after {
		n, err := e.next(ctx)
		switch {
		case err != nil:
			return err
		case n == 0: // not ours: somebody else uses the channel
			continue
		case n < e.heard: // a new era, before the last one
			e.heard = n
			return nil
		}
		e.heard = n
	}
	return nil
}

// next returns the position in the next notification, or 0.
func (e *ears) next(ctx context.Context) (cache.Position, error) {
	within, cancel := context.WithTimeout(ctx, quiet)
	defer cancel()
	n, err := e.conn.WaitForNotification(within)
	if err == nil {
		pos, _ := strconv.ParseInt(n.Payload, 10, 64)
		return cache.Position(max(pos, 0)), nil
	}
	if ctx.Err() != nil || within.Err() == nil {
		return 0, err
	}
	within, cancel = context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	return 0, e.conn.Ping(within)
}

func (e *ears) connect(ctx context.Context, l *Log) error {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, l.pool.Config().ConnConfig)
	if err != nil {
		return err
	}
	e.conn = conn
	_, err = conn.Exec(ctx, "LISTEN "+pgx.Identifier{l.channel()}.Sanitize())
	return err
}

// hangUp gives the connection up.
func (e *ears) hangUp() {
	if e.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), connectTimeout)
	defer cancel()
	_ = e.conn.Close(ctx) // it is lost anyway
	e.conn = nil
}

// close waits for a Wait that ends, and hangs up.
func (e *ears) close() {
	e.turn <- struct{}{}
	defer func() { <-e.turn }()
	e.hangUp()
}
