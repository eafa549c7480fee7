// Package engine decides which stored values may be served. The rule is written in words
// at package coherent. Packages coherent and pagecache use it.
//
// Each file uses those below it:
//
//	engine.go     Values: look up, fill, store
//	flight.go     fills that others wait for; flight_wait.go, flight_lease.go
//	flights.go    the flights of all keys; queue.go: of one key, and who waits
//	storage.go    values in the tiers: storage_get.go, storage_set.go; stored.go: one
//	cache.go      Cache: what all values share; append.go: Purge; cache_confirm.go
//	breaker.go    a backend that does not answer
//	reader.go     reads the log; reader_rounds.go, reader_recover.go
//	view.go       what the log has named, and verdict.go; view_skip.go: a long log
//	table.go      names and positions in bounded memory
//	fill.go       Fill: a stamp, and dependencies: deps.go
//	tier.go       one store; lease.go, envelope.go
package engine

import (
	"context"
	"hash/maphash"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/alongside"
)

// Values looks up, fills and stores values of one type. They are shared between
// requests: nobody may change them.
type Values[V any] struct {
	storage storage[V]
	flights flights[V]
}

// NewValues returns the values of c that codec knows. Two Values of one Cache must not
// share keys.
func NewValues[V any](c *Cache, codec Codec[V]) *Values[V] {
	v := &Values[V]{storage: storage[V]{c, codec}}
	v.flights.storage = &v.storage
	v.flights.queues = make(map[string]*queue[V])
	v.flights.took.seed = maphash.MakeSeed()
	return v
}

// Get returns what is stored under key, and what it is worth to a request that begins
// now. It is nil unless the verdict is Fresh or SoftPurged.
//
// If err is nil, the log was confirmed: a fill that begins now may be stored. An error
// says that the backend could not tell in time, and the request must do without it.
// Observe is told of the error; in an outage it is told once, and not of each lookup.
//
// The key is read during the call only.
func (v *Values[V]) Get(ctx context.Context, key []byte) (*Stored[V], Verdict, error) {
	s, verdict, err := v.Find(ctx, key)
	if verdict == Purged {
		s = nil
	}
	return s, verdict, err
}

// Find is Get, but also returns a purged value, with the verdict [Purged]. It must not
// be served; it may say what else is stored.
func (v *Values[V]) Find(ctx context.Context, key []byte) (*Stored[V], Verdict, error) {
	return v.storage.find(ctx, key)
}

// Near reports whether Hit may ever find a value.
func (v *Values[V]) Near() bool {
	c := v.storage.c
	return c.near != nil && (c.reader.local != nil || c.opts.MaxStale > 0)
}

// Hit returns what Get would return as Fresh, if that is known at once: the first tier
// keeps Go values and has it, and the log is known without asking for it. Otherwise it
// returns nil, which says nothing; then call Get.
//
// It does not allocate, and takes no lock unless the log has moved since the last Hit of
// the value. A panic of a store or a log is told to Observe.
//
// now is the time, or was a moment ago. It decides whether the value has expired, not
// whether it was purged. The caller has checked [cache.Bypassed].
func (v *Values[V]) Hit(key []byte, now time.Time) *Stored[V] { return v.storage.hit(key, now) }

// IsFresh reports whether Hit would return s, which is in the store.
func (v *Values[V]) IsFresh(s *Stored[V], now time.Time) bool { return v.storage.isFresh(s, now) }

// AtHand returns the Go value that the first tier has under key, whatever it is worth, or nil.
func (v *Values[V]) AtHand(key []byte) *Stored[V] { return v.storage.atHand(key) }

// Held reports whether values may be told what becomes of them: one tier alone keeps Go
// values, and it is the first.
func (v *Values[V]) Held() bool {
	local := 0
	for i := range v.storage.c.tiers {
		if v.storage.c.tiers[i].local != nil {
			local++
		}
	}
	return local == 1 && v.storage.c.near != nil
}

// Judge says what s is worth by the view as it is now.
//
// A request that makes s's successor out of s, because the origin confirmed s, asks
// after its fill has begun. A purge may have come between Get and the beginning of the
// fill, and the fill's stamp would hide it.
func (v *Values[V]) Judge(s *Stored[V]) Verdict { return v.storage.judge(s) }

// Set stores value, which f made, under key for ttl; 0 means that it does not expire.
// It reports whether a tier stored it.
//
// A value is not stored if it was purged while it was made, if it may show what was
// rolled back ([Fill.RolledBack]), or if it names too much ([Deps.TooMany]). That is not
// an error.
//
// The value is stored in every tier. Observe is told of each tier that fails, and the
// errors are returned, joined. In an outage no tier is asked, and the error says so. The
// key may be kept, see [cache.Local].
func (v *Values[V]) Set(ctx context.Context, key string, value V, ttl time.Duration, f *Fill) (bool, error) {
	return v.storage.set(ctx, key, value, ttl, f)
}

// MaySet reports whether [Values.Set] would ask a tier to store what f made, if it were
// called now. If not, it returns the error of Set.
func (v *Values[V]) MaySet(ctx context.Context, f *Fill) (bool, error) {
	return v.storage.maySet(ctx, f, f.Hashes())
}

// Delete deletes keys from every tier, to give their memory back. No promise rests on
// it. It waits for each tier as long as a lookup does, and again for every thousand
// keys. Requests do not join fills of these keys that have ended.
func (v *Values[V]) Delete(ctx context.Context, keys ...string) error {
	v.flights.forget(keys)
	return v.storage.deleteFrom(ctx, v.storage.c.tiers, keys)
}

// Purge is [Cache.Purge]. When it has succeeded, keys are deleted. A log on the server
// that has the values may delete them in the round trip of the append. No promise rests
// on the deletion, and its error is ignored.
func (v *Values[V]) Purge(ctx context.Context, e cache.Event, keys ...string) error {
	c := v.storage.c
	if len(keys) == 0 {
		return c.Purge(ctx, e)
	}
	tiers := c.tiers
	far := len(tiers) - 1
	with := &alongside.Keys{Names: keys}
	of := ctx
	if tiers[far].head != nil { // the log is on the server of this tier
		of = alongside.With(ctx, with)
	}
	if err := c.Purge(of, e); err != nil {
		return err
	}
	v.flights.forget(keys)
	if with.Gone {
		tiers = tiers[:far]
	}
	_ = v.storage.deleteFrom(ctx, tiers, keys)
	return nil
}

// PurgeTx is [Cache.PurgeTx]. What it returns deletes keys.
func (v *Values[V]) PurgeTx(ctx context.Context, exec cache.Exec, e cache.Event, keys ...string) (then func(ctx context.Context), err error) {
	c := v.storage.c
	purged, err := c.PurgeTx(ctx, exec, e)
	if purged == nil || err != nil {
		return nil, err
	}
	return func(ctx context.Context) {
		purged(ctx)
		if len(keys) > 0 {
			v.flights.forget(keys)
			_ = v.storage.deleteFrom(ctx, c.tiers, keys)
		}
	}, nil
}

// Enter returns the flight of key to wait for, or starts one if there is none that may
// answer a request beginning now. It reports whether the caller leads. A new flight depends on
// deps from the start.
//
// took is how long making the value took last time; 0 is what this process remembers.
//
// Call Enter after a Get without error: Get is what confirms the log. A caller that
// leads calls [Flight.Await] next.
func (v *Values[V]) Enter(key string, took time.Duration, deps ...cache.Dependency) (fl *Flight[V], leads bool) {
	return v.flights.enter(key, took, deps)
}

// Alone starts a flight that nobody joins and that waits for no lease. It is for a
// request that has waited for the flights of others too long.
func (v *Values[V]) Alone(key string) *Flight[V] { return v.flights.alone(key) }
