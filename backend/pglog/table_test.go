package pglog_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/uncache/uncache/backend/pglog"
	"github.com/uncache/uncache/internal/dbtest"
)

func TestTruncate(t *testing.T) {
	p := newProcess(t)
	first := p.purge(t, "first")
	last := p.purge(t, "last")
	must(t, p.exec(t.Context(), "TRUNCATE {schema}.events"))
	if ev := p.since(t, first); ev.From != last || ev.Head != last || len(ev.List) != 0 {
		t.Errorf("Since(%d) after TRUNCATE = %+v; want From and Head %d", first, ev, last)
	}
	if err := p.exec(t.Context(), "UPDATE {schema}.events SET soft = true"); err == nil || !strings.Contains(err.Error(), "append only") {
		t.Errorf("UPDATE of the log: got %v, want a refusal", err)
	}
}

func TestLogIsTrimmed(t *testing.T) {
	for name, opts := range map[string]*pglog.Options{
		"by events": {MaxEvents: 64},
		"by bytes":  {MaxBytes: 64 * 160},
	} {
		t.Run(name, func(t *testing.T) {
			first := newProcess(t)
			p := join(t, newPool(t), first.schema, opts)
			start := p.since(t, 0).Head
			at := start
			for i := range 300 {
				p.purge(t, fmt.Sprint(i))
				ev := p.since(t, at)
				if ev.From != at || len(ev.List) != 1 {
					t.Fatalf("Since(%d) = %+v; want one event: the newest stay", at, ev)
				}
				at = ev.Head
			}
			eventually(t, "the log is trimmed", func() bool {
				p.purge(t, "more")
				p.since(t, at)
				n := len(p.since(t, 0).List)
				return n >= 40 && n <= 80
			})
			if ev := p.since(t, start); ev.From == start || ev.End() != ev.Head || ev.List[0].Position != ev.From+1 {
				t.Errorf("Since(%d) = From %d, %d events, Head %d; want a gap that is known", start, ev.From, len(ev.List), ev.Head)
			}
		})
	}
}

// A log that holds much is read in pages, and an event that is larger than a page alone.
func TestPages(t *testing.T) {
	p := newProcess(t)
	start := p.since(t, 0).Head
	big := event("big")
	for range 5000 {
		big.Dependencies = append(big.Dependencies, big.Dependencies[0]+"-"+big.Dependencies[len(big.Dependencies)-1][:5])
	}
	want := 0
	for i := range 30 {
		_, err := p.Append(t.Context(), big)
		must(t, err)
		p.purge(t, fmt.Sprint(i))
		want += 2
	}
	pages, got := 0, 0
	for at := start; ; pages++ {
		ev := p.since(t, at)
		if got += len(ev.List); ev.End() <= at && got < want {
			t.Fatalf("Since(%d) gives nothing", at)
		}
		if at = ev.End(); !ev.More {
			break
		}
	}
	if got != want || pages < 3 {
		t.Errorf("%d events in %d pages, want %d in some", got, pages+1, want)
	}
}

// A role that may do nothing but use the log, as docs/pglog.md grants it.
func TestPermissions(t *testing.T) {
	owner := newProcess(t)
	ctx := t.Context()
	role := "test_" + strings.ToLower(rand.Text())
	must(t, owner.exec(ctx, "CREATE ROLE "+role))
	t.Cleanup(func() {
		if err := owner.exec(context.Background(), "DROP OWNED BY "+role+"; DROP ROLE "+role); err != nil {
			t.Error(err)
		}
	})
	config, err := pgxpool.ParseConfig(dbtest.PostgresURL())
	must(t, err)
	config.ConnConfig.RuntimeParams["role"] = role
	pool, err := pgxpool.NewWithConfig(ctx, config)
	must(t, err)
	t.Cleanup(pool.Close)
	app := join(t, pool, owner.schema, nil)
	if _, err := app.Append(ctx, event("a")); err == nil {
		t.Error("a role without permissions has appended")
	}
	must(t, owner.exec(ctx, "GRANT USAGE ON SCHEMA {schema} TO "+role),
		owner.exec(ctx, "GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO "+role),
		owner.exec(ctx, "GRANT SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO "+role))
	start := app.since(t, 0).Head
	app.purge(t, "Append")
	tx := app.begin(t, pgx.TxOptions{})
	app.purgeIn(t, tx, "AppendTx")
	must(t, tx.Commit(ctx))
	wantReasons(t, app, start, "Append", "AppendTx")
	must(t, owner.exec(ctx, "DELETE FROM {schema}.state"))
	wantEra(t, app, start, start+2)
	if err := app.exec(ctx, "DELETE FROM {schema}.events"); err == nil {
		t.Error("the role has deleted events")
	}
}
