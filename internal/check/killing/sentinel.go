package killing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/internal/netproxy"
	"github.com/uncache/uncache/internal/redistest"
)

// lostSide is for how long a process may serve what the master has that was
// replaced: a second after the fence. The fence comes with the promotion, so that
// whatever the new master acknowledged is younger.
const lostSide = time.Second

// A watched is a master, the heir that replicates it, and another that replicates
// the heir. A Sentinel watches them:
//
//  1. the heir is promoted: the master has no replica left, and is fenced at once
//  2. the heir has one: it takes purges at once, and WAIT is answered
//  3. clients hear of it, sooner or later; the old master goes on answering
//  4. the first process hears of nothing, and is led away after two seconds
//
// Appends wait for a replica, so that the heir has whatever was acknowledged.
type watched struct {
	servers  [3]*redistest.Server // master, heir, and the heir's replica
	sentinel *redistest.Server
	cutOff   *netproxy.Proxy // of the first process
}

func newWatched(ctx context.Context, _ int) (stand, error) {
	w := &watched{}
	var err error
	for i := range w.servers {
		var of *redistest.Server
		if i > 0 {
			of = w.servers[i-1]
		}
		if w.servers[i], err = redistest.Start(ctx, redistest.Config{ReplicaOf: of}); err != nil {
			break
		}
		if err = configure(ctx, w.servers[i], "min-replicas-to-write", "1"); err != nil {
			break
		}
	}
	if err == nil {
		w.sentinel, err = redistest.StartSentinel(ctx, w.servers[0])
	}
	if err == nil {
		w.cutOff, err = netproxy.New(w.servers[0].Addr)
	}
	if err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

func configure(ctx context.Context, s *redistest.Server, name, value string) error {
	rdb := redis.NewClient(s.Options())
	defer rdb.Close()
	return rdb.ConfigSet(ctx, name, value).Err()
}

func (w *watched) at(process int) endpoint {
	if process == 0 {
		return endpoint{Addrs: []string{w.cutOff.Addr}, Replicas: 1}
	}
	return endpoint{Addrs: []string{w.sentinel.Addr}, Sentinel: true, Replicas: 1}
}

// fail has Sentinel promote the heir. It leaves the old master as it is for some ten
// seconds; here that becomes the last replica after two.
func (w *watched) fail(ctx context.Context) error {
	sentinel := redis.NewSentinelClient(w.sentinel.Options())
	defer sentinel.Close()
	if err := until(ctx, func() error { return w.knowsHeir(ctx, sentinel) }); err != nil {
		return err
	}
	if err := until(ctx, func() error { return sentinel.Failover(ctx, redistest.SentinelMaster).Err() }); err != nil {
		return fmt.Errorf("SENTINEL FAILOVER: %w", err)
	}
	old, heir, last := w.servers[0], w.servers[1], w.servers[2]
	promoted := redis.NewClient(heir.Options())
	defer promoted.Close()
	err := until(ctx, func() error {
		role, err := promoted.Do(ctx, "role").Slice()
		if err == nil && role[0] != "master" {
			err = fmt.Errorf("%s is not promoted: it is a %v", heir.Addr, role[0])
		}
		return err
	})
	if err != nil {
		return err
	}
	if err := sleep(ctx, 2*time.Second); err != nil {
		return err
	}
	w.cutOff.Lead(heir.Addr)
	w.servers = [3]*redistest.Server{heir, last, old}
	if err := configure(ctx, old, "replica-priority", "0"); err != nil { // not to be promoted
		return err
	}
	if err := configure(ctx, last, "replica-priority", "100"); err != nil {
		return err
	}
	rdb := redis.NewClient(old.Options())
	defer rdb.Close()
	if err := replicaOf(ctx, rdb, last.Addr); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	return old.WaitSynced(ctx)
}

// knowsHeir returns nil if the heir is what Sentinel would promote.
func (w *watched) knowsHeir(ctx context.Context, sentinel *redis.SentinelClient) error {
	replicas, err := sentinel.Replicas(ctx, redistest.SentinelMaster).Result()
	if err != nil {
		return err
	}
	known := false
	for _, r := range replicas {
		heir := r["ip"]+":"+r["port"] == w.servers[1].Addr
		if !heir && r["slave-priority"] != "0" {
			return fmt.Errorf("Sentinel may promote %s", r["name"])
		}
		known = known || heir && r["flags"] == "slave" && r["slave-priority"] != "0"
	}
	if !known {
		return fmt.Errorf("Sentinel does not know %s", w.servers[1].Addr)
	}
	return nil
}

// until calls f until it returns nil, for as long as is reasonable.
func until(ctx context.Context, f func() error) error {
	for began := time.Now(); ; {
		err := f()
		if err == nil || time.Since(began) > patience {
			return err
		}
		if err := sleep(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
}

// Close stops it.
func (w *watched) Close() error {
	var errs []error
	for _, s := range append(w.servers[:], w.sentinel) {
		if s != nil {
			errs = append(errs, s.Stop())
		}
	}
	if w.cutOff != nil {
		errs = append(errs, w.cutOff.Close())
	}
	return errors.Join(errs...)
}

func plannedFailover(ctx context.Context, a *arena) error {
	a.tally.killed("masters replaced by Sentinel, on order")
	return a.redis.(*watched).fail(ctx)
}
