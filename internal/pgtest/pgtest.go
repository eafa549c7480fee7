// Package pgtest starts PostgreSQL servers that a test may kill. Package dbtest is for
// tests that are content with a schema of the server that is there.
//
// The servers do not call fsync: they survive being killed, and not a loss of power. A
// COMMIT that is asynchronous is lost when they are killed.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
)

// ErrNoServer is what [Start] returns, wrapped, where PostgreSQL is not installed.
var ErrNoServer = errors.New("PostgreSQL is not installed")

// A Server is a PostgreSQL server, with its data in a temporary directory. Its methods
// are not safe for concurrent use.
type Server struct {
	Addr string // "127.0.0.1:PORT"

	dir  string
	data string
}

// config is that of all servers.
const config = `
listen_addresses = '127.0.0.1'
unix_socket_directories = '%s'
port = %s
fsync = off
wal_writer_delay = 10s
shared_buffers = 16MB
max_connections = 60
max_prepared_transactions = 5
`

// Start makes a server and starts it. more are lines of its configuration.
func Start(ctx context.Context, more string) (*Server, error) {
	if bin() == "" {
		return nil, ErrNoServer
	}
	s, err := reserve()
	if err == nil {
		_, err = s.Run(ctx, "initdb", "-D", s.data, "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8", "--locale", "C")
	}
	if err == nil {
		err = s.configure(more)
	}
	if err == nil {
		err = s.Start(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// reserve returns a server that is not there yet, with an address of its own.
func reserve() (*Server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer l.Close()
	s := &Server{Addr: l.Addr().String()}
	if s.dir, err = os.MkdirTemp("", "pgtest"); err != nil {
		return nil, err
	}
	s.data = filepath.Join(s.dir, "data")
	if os.Geteuid() != 0 {
		return s, nil
	}
	u, err := user.Lookup("postgres") // PostgreSQL does not run as root
	if err != nil {
		return s, err
	}
	uid, _ := strconv.Atoi(u.Uid) // numbers on Unix
	gid, _ := strconv.Atoi(u.Gid)
	return s, os.Chown(s.dir, uid, gid)
}

func (s *Server) port() string {
	_, port, _ := net.SplitHostPort(s.Addr) // it is our own
	return port
}

func (s *Server) configure(more string) error {
	f, err := os.OpenFile(filepath.Join(s.data, "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, config+"%s\n", s.dir, s.port(), more)
	return errors.Join(err, f.Close())
}

// Start starts the server again.
func (s *Server) Start(ctx context.Context) error {
	_, err := s.Run(ctx, "pg_ctl", "-D", s.data, "-w", "-l", filepath.Join(s.dir, "log"), "start")
	return err
}

// Kill is a crash: the server writes nothing any more.
func (s *Server) Kill(ctx context.Context) error {
	_, err := s.Run(ctx, "pg_ctl", "-D", s.data, "-w", "-m", "immediate", "stop")
	return err
}

// Stop kills the server, if it runs, and deletes its data.
func (s *Server) Stop() error {
	if s == nil {
		return nil
	}
	_ = s.Kill(context.Background()) // it may be dead
	return os.RemoveAll(s.dir)
}

// Replica makes a replica of the server and starts it. more are lines of its
// configuration.
func (s *Server) Replica(ctx context.Context, more string) (*Server, error) {
	r, err := reserve()
	if err == nil {
		_, err = r.Run(ctx, "pg_basebackup", "-D", r.data, "-h", "127.0.0.1", "-p", s.port(), "-U", "postgres", "-R", "-X", "stream", "-c", "fast", "--no-sync")
	}
	if err == nil {
		err = r.configure(more)
	}
	if err == nil {
		err = r.Start(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, r.Stop())
	}
	return r, nil
}

// Promote makes a replica a primary.
func (s *Server) Promote(ctx context.Context) error {
	_, err := s.Run(ctx, "pg_ctl", "-D", s.data, "-w", "promote")
	return err
}

// URL is that of a database on the server.
func (s *Server) URL(database string) string {
	return "postgres://postgres@" + s.Addr + "/" + database + "?sslmode=disable"
}

// Run runs one of PostgreSQL's programs, and returns its output. Programs that connect
// find the server by PGHOST, PGPORT and PGUSER.
func (s *Server) Run(ctx context.Context, program string, args ...string) (string, error) {
	args = append([]string{filepath.Join(bin(), program)}, args...)
	if os.Geteuid() == 0 {
		args = append([]string{"runuser", "-u", "postgres", "--"}, args...)
	}
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "PGHOST=127.0.0.1", "PGPORT="+s.port(), "PGUSER=postgres")
	if program == "pg_ctl" { // the server inherits its output, and keeps it open
		if err := cmd.Run(); err != nil {
			return "", fmt.Errorf("%q: %w", args, err)
		}
		return "", nil
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%q: %w: %s", args, err, out)
	}
	return string(out), nil
}

// bin returns the directory of PostgreSQL's programs, or "" if there is none.
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
