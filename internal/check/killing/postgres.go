package killing

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/backend/pglog"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/netproxy"
	"github.com/uncache/uncache/internal/pgtest"
)

// PostgresNemeses are those for a log in PostgreSQL. There is no Redis, and no outbox.
func PostgresNemeses() []Nemesis {
	const fast, slow = 100 * time.Millisecond, time.Second
	return []Nemesis{
		{Name: "savers killed right after COMMIT", every: fast, stand: newNoRedis, strike: killSaver, last: killSaver},
		{Name: "processes killed at any moment", every: 200 * time.Millisecond, stand: newNoRedis, strike: killAny, last: nothing},
		{Name: "processes stopped and resumed", every: fast, stand: newNoRedis, strike: stopProcess, last: nothing},
		{Name: "answers to COMMIT lost, links to PostgreSQL cut", every: fast, stand: newNoRedis, strike: databaseCut, last: nothing},
		{Name: "PostgreSQL killed", every: slow, stand: newNoRedis, servers: newServer, strike: databaseKilled, last: databaseKilled},
		{Name: "PostgreSQL fails over to a synchronous replica", every: slow, stand: newNoRedis, servers: newServerWithReplica, strike: databaseFailover, last: databaseFailover},
		{Name: "all of them", every: 300 * time.Millisecond, stand: newNoRedis, servers: newServerWithReplica, strike: anythingOfPostgres, last: killSaver},
	}
}

// noRedis is the stand of a run whose log is in PostgreSQL.
type noRedis struct{}

func newNoRedis(context.Context, int) (stand, error) { return noRedis{}, nil }

func (noRedis) at(int) endpoint { return endpoint{} }
func (noRedis) Close() error    { return nil }

// servers are the run's own PostgreSQL, which may be killed.
type servers struct {
	primary *pgtest.Server
	replica *pgtest.Server  // nil if there is none
	front   *netproxy.Proxy // leads to the primary
}

func newServer(ctx context.Context) (*servers, error) {
	s := &servers{}
	var err error
	if s.primary, err = pgtest.Start(ctx, ""); err == nil {
		s.front, err = netproxy.New(s.primary.Addr)
	}
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func newServerWithReplica(ctx context.Context) (*servers, error) {
	s, err := newServer(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.follow(ctx); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// follow makes a replica, for which each COMMIT waits from then on.
func (s *servers) follow(ctx context.Context) (err error) {
	if s.replica, err = s.primary.Replica(ctx, ""); err != nil {
		return err
	}
	return s.wait(ctx, "*")
}

// wait says which replicas a COMMIT waits for.
func (s *servers) wait(ctx context.Context, names string) error {
	_, err := s.primary.Run(ctx, "psql", "-q", "-c", "ALTER SYSTEM SET synchronous_standby_names = '"+names+"'", "-c", "SELECT pg_reload_conf()", "postgres")
	return err
}

// failOver kills the primary and promotes the replica, which has all that was answered.
func (s *servers) failOver(ctx context.Context) error {
	if err := s.primary.Kill(ctx); err != nil {
		return err
	}
	old := s.primary
	if err := s.replica.Promote(ctx); err != nil {
		return err
	}
	s.primary, s.replica = s.replica, nil
	s.front.Lead(s.primary.Addr)
	return errors.Join(old.Stop(), s.follow(ctx))
}

func (s *servers) close() error {
	if s == nil {
		return nil
	}
	errs := []error{s.primary.Stop(), s.replica.Stop()}
	if s.front != nil {
		errs = append(errs, s.front.Close())
	}
	return errors.Join(errs...)
}

// url is that of the database, "" if the servers are not the run's own.
func (s *servers) url() string {
	if s == nil {
		return ""
	}
	return "postgres://postgres@" + s.front.Addr + "/postgres?sslmode=disable"
}

func databaseKilled(ctx context.Context, a *arena) error {
	a.tally.killed("PostgreSQL killed")
	return errors.Join(a.servers.primary.Kill(ctx), a.servers.primary.Start(ctx))
}

func databaseFailover(ctx context.Context, a *arena) error {
	a.tally.killed("PostgreSQL failed over")
	return a.servers.failOver(ctx)
}

func anythingOfPostgres(ctx context.Context, a *arena) error {
	return oneOf(killSaver, killAny, stopProcess, databaseCut, databaseKilled, databaseFailover)(ctx, a)
}

// joined returns the backend of a process whose log is in PostgreSQL: its pages are in
// its own memory.
func (c config) joined(ctx context.Context) (cache.Backend, error) {
	pool, err := pgxpool.New(ctx, c.Database+"&pool_max_conns=4")
	if err != nil {
		return nil, err
	}
	log, err := pglog.New(pool, &pglog.Options{Schema: c.Log})
	if err != nil {
		return nil, err
	}
	return cache.Join(memory.New(nil), log), nil
}

// migrateLog makes the schema of the log. It goes with the database's.
func (d *database) migrateLog(ctx context.Context) error {
	pool, err := pgxpool.New(ctx, d.url.String())
	if err != nil {
		return err
	}
	defer pool.Close()
	log, err := pglog.New(pool, &pglog.Options{Schema: d.log()})
	if err != nil {
		return err
	}
	defer log.Close()
	return log.Migrate(ctx)
}

// log is the schema of the log.
func (d *database) log() string { return d.name + "_log" }

// dropLog drops it.
func dropLog(ctx context.Context, db *sql.DB, schema string) error {
	_, err := db.ExecContext(ctx, fmt.Sprintf(`DROP SCHEMA IF EXISTS %q CASCADE`, schema))
	return err
}
