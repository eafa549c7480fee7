package pglog_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/uncache/uncache/internal/dbtest"
)

// A cluster is a PostgreSQL server of the test's own, which may be killed.
type cluster struct {
	dir  string // for the socket, and data in it
	data string
	port int
}

// bin returns the directory of the server's programs, or "" if there is none.
func bin() string {
	if all, _ := filepath.Glob("/usr/lib/postgresql/*/bin"); len(all) > 0 { // Debian
		slices.Sort(all)
		return all[len(all)-1]
	}
	path, err := exec.LookPath("initdb")
	if err != nil {
		return ""
	}
	return filepath.Dir(path)
}

// command returns one of the server's programs, run by a user that is not root.
func command(name string, args ...string) *exec.Cmd {
	args = append([]string{filepath.Join(bin(), name)}, args...)
	if os.Geteuid() == 0 {
		args = append([]string{"runuser", "-u", "postgres", "--"}, args...)
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = "/"
	return cmd
}

func run(t testing.TB, name string, args ...string) {
	t.Helper()
	cmd := command(name, args...)
	if name == "pg_ctl" { // the server keeps its output open
		if err := cmd.Run(); err != nil {
			t.Fatalf("%q: %v", cmd.Args, err)
		}
		return
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%q: %v\n%s", cmd.Args, err, out)
	}
}

func newDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "pglog")
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if os.Geteuid() == 0 {
		u, err := user.Lookup("postgres")
		if err != nil {
			dbtest.Missing(t, err)
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		must(t, os.Chown(dir, uid, gid))
	}
	return dir
}

// newCluster makes a server and starts it. What an asynchronous COMMIT has not written,
// a crash loses: fsync is not needed for that.
func newCluster(t testing.TB) *cluster {
	t.Helper()
	if bin() == "" {
		dbtest.Missing(t, exec.ErrNotFound)
	}
	c := unstarted(t)
	run(t, "initdb", "-D", c.data, "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8", "--locale", "C")
	c.configure(t, "fsync = off\nmax_prepared_transactions = 5\nwal_writer_delay = 10s\nshared_buffers = 16MB\nmax_connections = 30\n")
	c.start(t)
	return c
}

func unstarted(t testing.TB) *cluster {
	t.Helper()
	dir := newDir(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	return &cluster{dir: dir, data: filepath.Join(dir, "data"), port: l.Addr().(*net.TCPAddr).Port}
}

func (c *cluster) configure(t testing.TB, more string) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(c.data, "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	must(t, err)
	_, err = fmt.Fprintf(f, "\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '%s'\nport = %d\n%s", c.dir, c.port, more)
	must(t, err, f.Close())
}

func (c *cluster) start(t testing.TB) {
	t.Helper()
	run(t, "pg_ctl", "-D", c.data, "-w", "-l", filepath.Join(c.dir, "log"), "start")
	t.Cleanup(c.kill)
}

// kill is a crash: no checkpoint, and nothing is written any more.
func (c *cluster) kill() {
	_ = command("pg_ctl", "-D", c.data, "-w", "-m", "immediate", "stop").Run() // it may be down
}

// replica makes a replica and starts it.
func (c *cluster) replica(t testing.TB) *cluster {
	t.Helper()
	r := unstarted(t)
	run(t, "pg_basebackup", "-D", r.data, "-h", "127.0.0.1", "-p", strconv.Itoa(c.port), "-U", "postgres", "-R", "-X", "stream", "-c", "fast", "--no-sync")
	r.configure(t, "")
	r.start(t)
	return r
}

// promote makes a replica the primary.
func (c *cluster) promote(t testing.TB) { run(t, "pg_ctl", "-D", c.data, "-w", "promote") }

func (c *cluster) pool(t testing.TB) *pgxpool.Pool {
	t.Helper()
	return newPoolAt(t, fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", c.port))
}

// process returns the log of this server as a new process has it.
func (c *cluster) process(t testing.TB) process {
	t.Helper()
	return join(t, c.pool(t), "uncache", nil)
}

func (p process) query(t testing.TB, sql string) (text string) {
	t.Helper()
	must(t, p.pool.QueryRow(context.Background(), p.in(sql)).Scan(&text))
	return text
}
