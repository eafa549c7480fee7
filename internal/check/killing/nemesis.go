package killing

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/url"
	"time"

	"github.com/redis/go-redis/v9"
)

// A Nemesis is what does the harm.
type Nemesis struct {
	// Name says what it does.
	Name string

	every  time.Duration // how long it rests between two strikes
	bound  time.Duration // for how long an acknowledged save need not show
	stand  func(ctx context.Context, processes int) (stand, error)
	strike func(ctx context.Context, a *arena) error

	// last is a strike after the last save: nothing but a repair mends it.
	last func(ctx context.Context, a *arena) error

	// servers makes a PostgreSQL of the run's own. Nil takes the one that is there.
	servers func(ctx context.Context) (*servers, error)
}

// Nemeses are all there are.
func Nemeses() []Nemesis {
	return []Nemesis{
		{"savers killed between COMMIT and purge", 100 * time.Millisecond, 0, newSingle, killSaver, killSaver, nil},
		{"relays killed while they hold a claim", 100 * time.Millisecond, 0, newSingle, killRelay, killRelay, nil},
		{"processes killed at any moment", 200 * time.Millisecond, 0, newSingle, killAny, nothing, nil},
		{"processes stopped and resumed", 100 * time.Millisecond, 0, newSingle, stopProcess, nothing, nil},
		{"Redis killed, back without data", 300 * time.Millisecond, 0, newSingle, redisEmpty, redisEmpty, nil},
		{"Redis killed, back with older data", 200 * time.Millisecond, 0, newSingle, redisOlder, redisOlder, nil},
		{"Redis stopped and resumed", 700 * time.Millisecond, 0, newSingle, redisStopped, nothing, nil},
		{"links to Redis frozen", 200 * time.Millisecond, 0, newSingle, linkFrozen, purgeCutOff, nil},
		{"answers to COMMIT lost, links to PostgreSQL cut", 100 * time.Millisecond, 0, newSingle, databaseCut, nothing, nil},
		{"a replica promoted that lags", 300 * time.Millisecond, 0, newReplicated, replicaPromoted, replicaPromoted, nil},
		{"a cluster's master killed, its replica takes over", 500 * time.Millisecond, 0, newCluster, clusterFailover, nothing, nil},
		{"a master replaced by Sentinel, on order", 300 * time.Millisecond, lostSide, newWatched, plannedFailover, nothing, nil},
		{"all of them", 100 * time.Millisecond, 0, newReplicated, anything, killSaver, nil},
	}
}

func nothing(context.Context, *arena) error { return nil }

// killSaver kills a saver between COMMIT and purge, with the old page in the
// cache.
func killSaver(ctx context.Context, a *arena) error {
	if err := a.loseSave(ctx); err != nil {
		return err
	}
	a.tally.killed("savers killed between COMMIT and purge")
	return nil
}

func (a *arena) loseSave(ctx context.Context) error {
	i := rand.IntN(len(a.nodes))
	p := a.take(&a.nodes[i])
	id := rand.IntN(a.config.Records)
	for _, other := range append(a.alive(), p) {
		// This page is now old, unless somebody tells.
		if _, _, err := a.get(ctx, other, pageOf(id)); err != nil {
			return err
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		a.save(ctx, p, id, url.Values{"stall": {"yes"}})
	}()
	err := p.waitStalled(ctx)
	err = errors.Join(err, p.kill())
	<-done
	return errors.Join(err, a.startNode(ctx, i))
}

// killRelay kills a relay that holds a claim on what a dead saver left.
func killRelay(ctx context.Context, a *arena) error {
	if len(a.relays) == 0 {
		return killSaver(ctx, a)
	}
	for _, p := range a.relays {
		if err := a.tell(ctx, p, "/stall"); err != nil {
			return err
		}
	}
	if err := a.loseSave(ctx); err != nil {
		return err
	}
	// Whichever comes first; the next one can only come to the same row when
	// that one is dead.
	for range a.relays {
		i, err := a.stalledRelay(ctx)
		if err != nil {
			return err
		}
		if err := a.take(&a.relays[i]).kill(); err != nil {
			return err
		}
		a.tally.killed("relays killed with a claim")
	}
	for i := range a.relays {
		if err := a.startRelay(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

// stalledRelay waits for a relay that stands where it is to be killed.
func (a *arena) stalledRelay(ctx context.Context) (int, error) {
	found := make(chan int, len(a.relays))
	errs := make(chan error, len(a.relays))
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	waiting := 0
	for i, p := range a.relays {
		if p == nil {
			continue
		}
		waiting++
		go func() {
			if err := p.waitStalled(ctx); err != nil {
				errs <- err
				return
			}
			found <- i
		}()
	}
	for range waiting {
		select {
		case i := <-found:
			return i, nil
		case err := <-errs:
			if waiting--; waiting == 0 {
				return 0, err
			}
		}
	}
	return 0, errors.New("no relay lives")
}

// killAny kills a node or a relay, whatever it is doing.
func killAny(ctx context.Context, a *arena) error {
	if i := rand.IntN(len(a.nodes) + len(a.relays)); i >= len(a.nodes) {
		i -= len(a.nodes)
		if err := a.take(&a.relays[i]).kill(); err != nil {
			return err
		}
		a.tally.killed("relays killed")
		return a.startRelay(ctx, i)
	} else {
		if err := a.take(&a.nodes[i]).kill(); err != nil {
			return err
		}
		a.tally.killed("nodes killed")
		return a.startNode(ctx, i)
	}
}

// stopProcess has a node lose some time, in the middle of whatever it does.
func stopProcess(ctx context.Context, a *arena) error {
	p, ok := a.node()
	if !ok {
		return errors.New("no node lives")
	}
	if err := p.pause(); err != nil {
		return err
	}
	a.tally.killed("nodes stopped")
	return errors.Join(sleep(ctx, between(50, 400)), p.resume())
}

func between(least, most int) time.Duration {
	return time.Duration(least+rand.IntN(most-least)) * time.Millisecond
}

func redisEmpty(ctx context.Context, a *arena) error {
	a.tally.killed("Redis killed, back empty")
	return a.redis.(*single).master.RestartEmpty(ctx)
}

func redisOlder(ctx context.Context, a *arena) error {
	master := a.redis.(*single).master
	rdb := redis.NewClient(master.Options())
	defer rdb.Close()
	if err := rdb.Save(ctx).Err(); err != nil {
		return err
	}
	if err := sleep(ctx, between(50, 300)); err != nil { // what is purged now will be unknown
		return err
	}
	a.tally.killed("Redis killed, back with older data")
	return master.Restart(ctx)
}

func redisStopped(ctx context.Context, a *arena) error {
	master := a.redis.(*single).master
	if err := master.Pause(); err != nil {
		return err
	}
	a.tally.killed("Redis stopped")
	return errors.Join(sleep(ctx, between(50, 1500)), master.Resume())
}

// linkFrozen freezes the link of one process, or cuts it after a time, so that
// what was on its way is lost.
func linkFrozen(ctx context.Context, a *arena) error {
	if rand.IntN(3) == 0 {
		return purgeCutOff(ctx, a)
	}
	links := a.redis.(*single).links
	l := links[rand.IntN(len(links))]
	l.Freeze()
	err := sleep(ctx, between(50, 1500))
	if rand.IntN(2) == 0 {
		l.Cut()
	}
	l.Thaw()
	a.tally.killed("links to Redis frozen")
	return err
}

// purgeCutOff has a purge fail at once, before any relay cares for it, with the old
// page in the cache. The saver lives, and Redis has lost nothing.
func purgeCutOff(ctx context.Context, a *arena) error {
	i, id := rand.IntN(len(a.nodes)), rand.IntN(a.config.Records)
	a.leave(id, 1)
	defer a.leave(id, -1)
	for _, p := range a.alive() {
		if _, _, err := a.get(ctx, p, pageOf(id)); err != nil {
			return err
		}
	}
	redis := a.redis.(*single)
	redis.links[i].Lead("127.0.0.1:1") // where nobody listens
	a.save(ctx, a.nodes[i], id, nil)
	redis.links[i].Lead(redis.master.Addr)
	a.tally.killed("purges cut off")
	return nil
}

// databaseCut has a COMMIT lose its answer, so that its saver does not know what
// became of it; or cuts the link of a process at any moment.
func databaseCut(ctx context.Context, a *arena) error {
	l := a.dbLinks[rand.IntN(len(a.dbLinks))]
	if rand.IntN(4) == 0 {
		l.Cut()
		a.tally.killed("links to PostgreSQL cut")
		return nil
	}
	select {
	case <-l.CutAfter("commit"):
		a.tally.killed("answers to COMMIT lost")
	case <-time.After(time.Second): // nobody saves there
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

func replicaPromoted(ctx context.Context, a *arena) error {
	a.tally.killed("lagging replicas promoted")
	return a.redis.(*single).promote(ctx, between(50, 300))
}

func clusterFailover(ctx context.Context, a *arena) error {
	a.tally.killed("masters of a cluster failed over")
	return a.redis.(*cluster).fail(ctx)
}

// anything does one thing or another.
func anything(ctx context.Context, a *arena) error {
	return oneOf(killSaver, killRelay, killAny, stopProcess, redisEmpty, redisStopped, linkFrozen, databaseCut, replicaPromoted)(ctx, a)
}

func oneOf(strikes ...func(context.Context, *arena) error) func(context.Context, *arena) error {
	return strikes[rand.IntN(len(strikes))]
}
