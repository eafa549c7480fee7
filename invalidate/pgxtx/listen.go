package pgxtx

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/uncache/uncache/internal/option"
	"github.com/uncache/uncache/internal/panics"
)

// ListenOptions configures a [Listener]. The zero value is the default.
type ListenOptions struct {
	// Channel is that of [Notify]. Default [DefaultChannel].
	Channel string

	// Ping is how often a silent connection is asked whether it is alive. Default 30 s.
	Ping time.Duration

	// Timeout is how long each attempt to connect, and each Ping, may take. Default 5
	// s.
	Timeout time.Duration

	// MaxPause is how long the pause after a failed attempt is, at most. It begins with
	// 100 ms, and doubles. Default 10 s.
	MaxPause time.Duration

	// Observe is told why there is no connection, each time that one was lost or could
	// not be made. It is also told when wake has panicked. Nil observes nothing.
	Observe func(error)
}

// ErrOptions is what [Listen] returns, wrapped, for arguments or options that make no
// sense.
var ErrOptions = errors.New("invalid options")

// A Listener calls a function when a notification comes.
type Listener struct {
	config *pgx.ConnConfig
	wake   func()
	opts   ListenOptions
	cancel context.CancelFunc
	wg     sync.WaitGroup
}

// firstPause is the first pause, before it grows to ListenOptions.MaxPause.
const firstPause = 100 * time.Millisecond

// Listen listens on a connection of its own, in a goroutine that ends with Close. It
// calls wake for every notification, for instance that of the outbox:
//
//	listener, err := pgxtx.Listen(config, relay.Wake, nil)
//
// It also calls wake at the beginning, and whenever it has made a new connection, for
// what it has missed. It never makes two calls at once. It is no more than a hint: a
// relay polls as well.
//
// A nil opts means the defaults. A nil config or wake, or a negative option, is an
// error ([ErrOptions]). A database that is down is none.
func Listen(config *pgx.ConnConfig, wake func(), opts *ListenOptions) (*Listener, error) {
	l := &Listener{wake: wake}
	if opts != nil {
		l.opts = *opts
	}
	o := &l.opts
	switch {
	case config == nil:
		return nil, option.Errorf(ErrOptions, "pgxtx: Listen: the config is nil")
	case wake == nil:
		return nil, option.Errorf(ErrOptions, "pgxtx: Listen: wake is nil")
	case o.Ping < 0:
		return nil, option.Errorf(ErrOptions, "pgxtx: ListenOptions.Ping: %v is negative", o.Ping)
	case o.Timeout < 0:
		return nil, option.Errorf(ErrOptions, "pgxtx: ListenOptions.Timeout: %v is negative", o.Timeout)
	case o.MaxPause < 0:
		return nil, option.Errorf(ErrOptions, "pgxtx: ListenOptions.MaxPause: %v is negative", o.MaxPause)
	}
	l.config = config.Copy()
	if o.Channel == "" {
		o.Channel = DefaultChannel
	}
	for d, def := range map[*time.Duration]time.Duration{&o.Ping: 30 * time.Second, &o.Timeout: 5 * time.Second, &o.MaxPause: 10 * time.Second} {
		if *d == 0 {
			*d = def
		}
	}
	var ctx context.Context
	ctx, l.cancel = context.WithCancel(context.Background())
	l.wg.Go(func() { l.run(ctx) })
	return l, nil
}

// Close ends the goroutine and its connection. It waits for a wake that has begun, and
// may be called again.
func (l *Listener) Close() {
	l.cancel()
	l.wg.Wait()
}

func (l *Listener) run(ctx context.Context) {
	pause := firstPause
	for {
		listened, err := l.listen(ctx)
		if ctx.Err() != nil {
			return
		}
		l.observe(fmt.Errorf("pgxtx: listen: %w", err))
		if listened {
			pause = firstPause
		}
		// Half of it is random, so that processes which lost one server together do not
		// come back together.
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause/2 + rand.N(pause/2+1)):
		}
		pause = min(2*pause, l.opts.MaxPause)
	}
}

// listen listens until the connection is lost, and reports whether there was one.
func (l *Listener) listen(ctx context.Context) (listened bool, err error) {
	defer panics.Catch(&err) // a panic of a tracer or a handler in the config
	conn, err := l.connect(ctx)
	if err != nil {
		return false, err
	}
	defer func() {
		within, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.opts.Timeout)
		defer cancel()
		_ = conn.Close(within) // the error of a TCP connection that is lost anyway
	}()
	for {
		if err := panics.Apart(func() error { l.wake(); return nil }); err != nil {
			l.observe(fmt.Errorf("pgxtx: wake: %w", err))
		}
		listened = true
		for {
			heard, err := l.wait(ctx, conn)
			if err != nil {
				return true, err
			}
			if heard {
				break
			}
		}
	}
}

// observe calls Observe. A panic of Observe is ignored: nobody else could be told.
func (l *Listener) observe(err error) {
	if l.opts.Observe != nil {
		_ = panics.Apart(func() error { l.opts.Observe(err); return nil })
	}
}

func (l *Listener) connect(ctx context.Context) (*pgx.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, l.opts.Timeout)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, l.config)
	if err != nil {
		return nil, err
	}
	if _, err := conn.Exec(ctx, "LISTEN "+pgx.Identifier{l.opts.Channel}.Sanitize()); err != nil {
		return nil, errors.Join(err, conn.Close(ctx))
	}
	return conn, nil
}

// wait reports whether a notification has come. Otherwise the connection is alive.
func (l *Listener) wait(ctx context.Context, conn *pgx.Conn) (heard bool, err error) {
	quiet, cancel := context.WithTimeout(ctx, l.opts.Ping)
	defer cancel()
	_, err = conn.WaitForNotification(quiet)
	if err == nil {
		return true, nil
	}
	if ctx.Err() != nil || quiet.Err() == nil {
		return false, err
	}
	within, cancel := context.WithTimeout(ctx, l.opts.Timeout)
	defer cancel()
	return false, conn.Ping(within)
}
