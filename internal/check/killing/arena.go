package killing

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/uncache/uncache/internal/netproxy"
)

// Config is what a run is made of.
type Config struct {
	Nemesis  Nemesis
	Duration time.Duration // how long the nemesis strikes
	Outbox   bool          // whether saves go through the outbox
	Log      bool          // whether the log is in PostgreSQL, and saves append to it in their transactions
	After    bool          // with Log: whether saves append after COMMIT instead
	Nodes    int           // processes that serve and save; default 3
	Relays   int           // processes that empty the outbox; default 2, 0 without Outbox
	Records  int           // default 18
}

// An arena is a run while it lasts.
type arena struct {
	config   Config
	db       *database
	redis    stand
	servers  *servers          // nil if PostgreSQL is not the run's own
	dbLinks  []*netproxy.Proxy // one for each node
	register *register
	tally    tally
	client   *http.Client
	watches  sync.WaitGroup // those of repairs

	mu     sync.Mutex
	alone  map[int]int // records that nobody is to save now, by how many watches say so
	nodes  []*process  // nil while one is dead
	relays []*process
	closed bool
}

// Run runs and reports. The error is of the run itself; what it found is in the
// Result.
func Run(ctx context.Context, c Config) (res Result, err error) {
	if c.Nodes == 0 {
		c.Nodes = 3
	}
	if c.Relays == 0 && c.Outbox {
		c.Relays = 2
	}
	if c.Records == 0 {
		c.Records = 18
	}
	a := &arena{config: c, register: newRegister(c.Nemesis.bound), alone: make(map[int]int), client: newClient()}
	a.tally.r.Saves, a.tally.r.Kills = map[string]int64{}, map[string]int64{}
	defer func() { err = errors.Join(err, a.close()) }()
	if err := a.open(ctx); err != nil {
		return Result{}, err
	}
	if err := a.race(ctx); err != nil {
		return Result{}, err
	}
	if err := a.settle(ctx); err != nil {
		return Result{}, err
	}
	a.tally.mu.Lock()
	defer a.tally.mu.Unlock()
	return a.tally.r, nil
}

func newClient() *http.Client {
	return &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 16}}
}

func (a *arena) open(ctx context.Context) error {
	var err error
	if a.config.Nemesis.servers != nil {
		if a.servers, err = a.config.Nemesis.servers(ctx); err != nil {
			return err
		}
	}
	if a.db, err = openDatabase(ctx, a.servers.url(), a.config.Records); err != nil {
		return err
	}
	if a.config.Log {
		if err := a.db.migrateLog(ctx); err != nil {
			return err
		}
	}
	if a.config.Outbox {
		if err := migrateOutbox(ctx, a.db.DB); err != nil {
			return err
		}
	}
	if a.redis, err = a.config.Nemesis.stand(ctx, a.config.Nodes+a.config.Relays); err != nil {
		return err
	}
	for range a.config.Nodes {
		l, err := netproxy.New(a.db.addr())
		if err != nil {
			return err
		}
		a.dbLinks = append(a.dbLinks, l)
	}
	a.nodes = make([]*process, a.config.Nodes)
	a.relays = make([]*process, a.config.Relays)
	for i := range a.nodes {
		if err := a.startNode(ctx, i); err != nil {
			return err
		}
	}
	for i := range a.relays {
		if err := a.startRelay(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

func (a *arena) startNode(ctx context.Context, i int) error {
	c := config{Role: roleNode, Outbox: a.config.Outbox, Records: a.config.Records}
	if a.config.Log {
		c.Log, c.After = a.db.log(), a.config.After
	}
	c.Database = a.db.through(a.dbLinks[i])
	c.Redis = a.redis.at(i)
	p, err := start(ctx, c)
	if err != nil {
		return err
	}
	return a.put(&a.nodes[i], p)
}

func (a *arena) startRelay(ctx context.Context, i int) error {
	c := config{Role: roleRelay, Outbox: true, Database: a.db.url.String()}
	c.Redis = a.redis.at(a.config.Nodes + i)
	p, err := start(ctx, c)
	if err != nil {
		return err
	}
	return a.put(&a.relays[i], p)
}

func (a *arena) put(place **process, p *process) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return errors.Join(errors.New("killing: the run is over"), p.kill())
	}
	*place = p
	return nil
}

// take takes a process out, for who kills it. It is nil if another one did.
func (a *arena) take(place **process) *process {
	a.mu.Lock()
	defer a.mu.Unlock()
	p := *place
	*place = nil
	return p
}

// node returns one that lives.
func (a *arena) node() (*process, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, i := range rand.Perm(len(a.nodes)) {
		if p := a.nodes[i]; p != nil {
			return p, true
		}
	}
	return nil, false
}

// alive are the nodes that live.
func (a *arena) alive() []*process {
	a.mu.Lock()
	defer a.mu.Unlock()
	var all []*process
	for _, p := range a.nodes {
		if p != nil {
			all = append(all, p)
		}
	}
	return all
}

// race reads and saves while the nemesis strikes.
func (a *arena) race(ctx context.Context) error {
	raceCtx, stop := context.WithCancel(ctx)
	defer stop()
	var users sync.WaitGroup
	const readers, savers = 6, 3
	for range readers {
		users.Go(func() { a.readers(raceCtx) })
	}
	for range savers {
		users.Go(func() { a.savers(raceCtx) })
	}
	err := a.strike(ctx)
	stop()
	users.Wait()
	return err
}

// strike lets the nemesis strike until the time is over. On a machine that is too slow
// for a run that means something, it goes on for ten times as long.
func (a *arena) strike(ctx context.Context) error {
	began := time.Now()
	over := func() bool {
		took := time.Since(began)
		return took >= a.config.Duration && (a.tally.meaningful() || took >= 10*a.config.Duration)
	}
	for first := true; first || !over(); first = false {
		// What is to be lost has to be there.
		if err := sleep(ctx, a.config.Nemesis.every); err != nil {
			return err
		}
		if err := a.config.Nemesis.strike(ctx, a); err != nil {
			return fmt.Errorf("killing: %s: %w", a.config.Nemesis.Name, err)
		}
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (a *arena) close() error {
	a.mu.Lock()
	a.closed = true
	all := append(append([]*process(nil), a.nodes...), a.relays...)
	a.mu.Unlock()
	var errs []error
	for _, p := range all {
		if p != nil {
			errs = append(errs, p.kill())
		}
	}
	a.watches.Wait()
	for _, l := range a.dbLinks {
		errs = append(errs, l.Close())
	}
	if a.redis != nil {
		errs = append(errs, a.redis.Close())
	}
	if a.db != nil {
		errs = append(errs, a.db.drop(context.Background()))
	}
	errs = append(errs, a.servers.close())
	a.client.CloseIdleConnections()
	return errors.Join(errs...)
}
