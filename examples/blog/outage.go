package main

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"
)

// An outage is the time in which the cache cannot be told of any purge, as when
// the process has died after COMMIT, or Redis is away.
type outage struct{ on atomic.Bool }

var errAway = errors.New("the cache is away, says the demonstration")

// err is site.purgeFails.
func (o *outage) err() error {
	if o.on.Load() {
		return errAway
	}
	return nil
}

// is reports whether err is of this outage.
func (o *outage) is(err error) bool { return errors.Is(err, errAway) }

// cacheIsAway saves while the cache cannot be told. The outbox makes up for it.
// The story looks at the index: the post's own page goes by the POST itself, which
// leads back to it (RFC 9111 §4.4).
func (s *story) cacheIsAway() error {
	page, err := indexURL(1)
	if err != nil {
		return err
	}
	s.save(s.at, "before the outage")
	s.quietly(s.at, page)
	s.get(s.at, page, "the index is stored", ok200, hit, shows("before the outage"))
	s.away.on.Store(true)
	s.note("from now on no purge gets through")
	s.save(s.at, "saved in the outage")
	s.get(s.at, page, "the old index is still there, and a row is in the outbox", ok200, hit, shows("before the outage"))
	s.away.on.Store(false)
	s.note("the cache is back: nobody saves again, the relay has the row")
	const patience = 30 * time.Second
	got := s.quietly(s.at, page)
	for began := time.Now(); time.Since(began) < patience && !strings.Contains(got.body, "saved in the outage"); got = s.quietly(s.at, page) {
		select {
		case <-time.After(20 * time.Millisecond):
		case <-s.ctx.Done():
			return fmt.Errorf("wait for the relay: %w", s.ctx.Err())
		}
	}
	s.check("the index, before long", got, ok200, shows("saved in the outage"))
	return nil
}
