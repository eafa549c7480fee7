package killing

import (
	"context"
	"fmt"
	"time"
)

const (
	// patience bounds how long a lost purge may take to be repaired, or the
	// outbox to be emptied: far more than either should.
	patience = 20 * time.Second

	// backendPatience is how long PostgreSQL may take to notice that a client
	// is dead. Until then the save may yet be committed.
	backendPatience = 2 * time.Second
)

// watch waits until every process shows a save whose purge was not
// acknowledged.
func (a *arena) watch(ctx context.Context, id int, request string, lost time.Time) {
	version, committed := a.outcome(ctx, request)
	if !committed {
		return
	}
	a.tally.count(func(r *Result) { r.Lost++ })
	for time.Since(lost) < patience && !a.over() {
		if a.shown(ctx, id, version) {
			took := time.Since(lost)
			a.tally.count(func(r *Result) {
				r.Repaired++
				r.Longest = max(r.Longest, took)
			})
			return
		}
		_ = sleep(ctx, 10*time.Millisecond)
	}
}

func (a *arena) over() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.closed
}

// outcome says what became of a save that nobody answered for.
func (a *arena) outcome(ctx context.Context, request string) (version int64, committed bool) {
	for began := time.Now(); time.Since(began) < backendPatience && !a.over(); _ = sleep(ctx, 20*time.Millisecond) {
		if version, ok, err := a.db.committed(ctx, request); err == nil && ok {
			return version, true
		}
	}
	return 0, false
}

// shown reports whether every process that lives shows at least this version.
func (a *arena) shown(ctx context.Context, id int, version int64) bool {
	alive := a.alive()
	for _, p := range alive {
		versions, _, err := a.get(ctx, p, pageOf(id))
		if err != nil || versions[id] < version {
			return false
		}
	}
	return len(alive) > 0
}

// settle brings back what was killed, waits until the outbox is empty, and
// compares every page of every process with the database.
func (a *arena) settle(ctx context.Context) error {
	if err := a.config.Nemesis.last(ctx, a); err != nil {
		return fmt.Errorf("killing: %s: %w", a.config.Nemesis.Name, err)
	}
	for i := range a.nodes {
		if a.nodes[i] == nil {
			if err := a.startNode(ctx, i); err != nil {
				return err
			}
		}
	}
	for i := range a.relays {
		if a.relays[i] == nil {
			if err := a.startRelay(ctx, i); err != nil {
				return err
			}
		}
	}
	if a.config.Outbox {
		if err := a.drained(ctx); err != nil {
			return err
		}
	}
	for _, request := range a.tally.r.rolledBack { // nobody saves any more
		if version, ok, err := a.db.committed(ctx, request); err != nil {
			return err
		} else if ok {
			a.tally.bad(func(r *Result) *int64 { return &r.Broken }, "a save was said to be rolled back, and has made version %d", version)
		}
	}
	want, err := a.db.versions(ctx)
	if err != nil {
		return err
	}
	for _, p := range a.alive() {
		for id, version := range want {
			a.compare(ctx, p, pageOf(id), map[int]int64{id: version})
		}
		a.compare(ctx, p, "/all/", want)
	}
	if a.config.Outbox || a.config.Log && !a.config.After {
		a.watches.Wait()
	}
	return nil
}

// drained waits until the outbox is empty.
func (a *arena) drained(ctx context.Context) error {
	began := time.Now()
	for {
		pending, err := pendingRows(ctx, a.db.DB)
		if err != nil || pending == 0 {
			return err
		}
		if time.Since(began) > patience {
			a.tally.bad(func(r *Result) *int64 { return &r.Wrong }, "%d rows are in the outbox after %v", pending, patience)
			return nil
		}
		if err := sleep(ctx, 10*time.Millisecond); err != nil {
			return err
		}
	}
}

func (a *arena) compare(ctx context.Context, p *process, path string, want map[int]int64) {
	got, hit, err := a.get(ctx, p, path)
	// A handler finds out about links to its own database that were cut one by one,
	// when it uses them, and says so: that is no page, and no wrong one.
	for began := time.Now(); err != nil && time.Since(began) < backendPatience; got, hit, err = a.get(ctx, p, path) {
		_ = sleep(ctx, 20*time.Millisecond)
	}
	if err != nil {
		a.tally.bad(func(r *Result) *int64 { return &r.Broken }, "%s in the end: %v", path, err)
		return
	}
	for id, version := range want {
		if got[id] != version {
			a.tally.bad(func(r *Result) *int64 { return &r.Wrong }, "%s in the end: record %d is at version %d (hit: %v), the database says %d", path, id, got[id], hit, version)
			return
		}
	}
}
