package outboxtest

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate/outbox"
)

// What the child that is this binary, started again, does: CHILD is "saver" or
// "relay", and the database is that of the parent.
func TestMain(m *testing.M) {
	if os.Getenv("OUTBOXTEST_CHILD") == "" {
		os.Exit(m.Run())
	}
	if err := child(); err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	select {} // until somebody kills it
}

func child() error {
	dialect := outbox.Dialect(os.Getenv("OUTBOXTEST_DIALECT"))
	d, err := open(dialect, os.Getenv("OUTBOXTEST_DSN"))
	if err != nil {
		return err
	}
	opts := quick()
	opts.Table = os.Getenv("OUTBOXTEST_TABLE")
	if opts.PurgeTimeout, err = time.ParseDuration(os.Getenv("OUTBOXTEST_PURGE_TIMEOUT")); err != nil {
		return err
	}
	box, err := outbox.New(d, dialect, purgerFunc(func(_ context.Context, e cache.Event) error {
		fmt.Println("purging", len(e.Dependencies))
		select {}
	}), &opts)
	if err != nil {
		return err
	}
	if os.Getenv("OUTBOXTEST_CHILD") == "relay" {
		return box.Start()
	}
	if os.Getenv("OUTBOXTEST_CHILD") == "repeater" {
		return purgeOnce(d, box)
	}
	tx, err := d.Begin()
	if err != nil {
		return err
	}
	if _, err := box.Enqueue(context.Background(), tx, events("path:/a/", "path:/b/")); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	fmt.Println("committed")
	return nil
}

// start starts a child, and returns when it has printed a line, which must be
// want.
func (d *database) start(t *testing.T, role, want string, timeout time.Duration) *os.Process {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "OUTBOXTEST_CHILD="+role, "OUTBOXTEST_DIALECT="+string(d.dialect), "OUTBOXTEST_DSN="+d.dsn,
		"OUTBOXTEST_TABLE="+d.table, "OUTBOXTEST_PURGE_TIMEOUT="+timeout.String())
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if strings.TrimSpace(line) != want {
		t.Fatalf("the child said %q, %v, want %q", line, err, want)
	}
	return cmd.Process
}

func TestASaverIsKilledAfterCommit(t *testing.T) {
	each(t, all, func(t *testing.T, d *database) {
		if err := d.start(t, "saver", "committed", time.Minute).Kill(); err != nil {
			t.Fatal(err)
		}
		p := newPurger()
		d.relay(t, p, nil)
		until(t, "purged", func() bool { return p.has("path:/a/", "path:/b/") })
	})
}

func TestARelayIsKilledWithAClaim(t *testing.T) {
	each(t, all, func(t *testing.T, d *database) {
		d.killed(t, time.Hour, func(p *os.Process) error { return p.Kill() })
	})
}

// A relay that is frozen keeps its connections open. The database ends them.
func TestARelayIsFrozenWithAClaim(t *testing.T) {
	each(t, rowLocks, func(t *testing.T, d *database) {
		d.killed(t, 500*time.Millisecond, func(p *os.Process) error { return p.Signal(syscall.SIGSTOP) })
	})
}

// killed has a relay claim rows, and then stop. The rows are another's.
func (d *database) killed(t *testing.T, timeout time.Duration, stop func(*os.Process) error) {
	box := d.outbox(t, newPurger(), nil)
	d.enqueue(t, box, "path:/a/", "path:/b/")
	relay := d.start(t, "relay", "purging 2", timeout)

	p := newPurger()
	if timeout == time.Hour && d.dialect != outbox.SQLite {
		// As long as it lives, the rows are its own: another relay sees what
		// came after them, and not them.
		alive := d.relay(t, p, nil)
		d.enqueue(t, box, "path:/c/")
		until(t, "others go on", func() bool { return stats(t, alive).Relayed == 1 })
		if p.has("path:/a/") || p.has("path:/b/") {
			t.Fatal("purged by two relays at a time")
		}
	}
	if err := stop(relay); err != nil {
		t.Fatal(err)
	}
	heir := d.relay(t, p, nil)
	until(t, "another relay takes over", func() bool { return p.has("path:/a/", "path:/b/") })
	until(t, "nothing is left", func() bool { return stats(t, heir).Pending == 0 })
}
