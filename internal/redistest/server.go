package redistest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
)

// ErrNoServer is what [Start] returns, wrapped, where redis-server is not in
// PATH.
var ErrNoServer = errors.New("redis-server is not in PATH")

// Config says what kind of server to start. The zero Config is a master that
// persists nothing.
type Config struct {
	// Args are more arguments of redis-server, as in "--maxmemory", "10mb".
	// They win over those the package gives.
	Args []string

	// ReplicaOf makes the server a replica of another. Start returns once it
	// holds the master's data.
	ReplicaOf *Server

	// Cluster starts the server in cluster mode. See [StartCluster].
	Cluster bool
}

const logfile = "redis.log"

// A Server is a redis-server process. Its methods are safe for concurrent use.
type Server struct {
	// Addr is the host and port it listens on, the same after a restart.
	Addr string

	// Dir holds its files. It belongs to the server and is deleted by Stop.
	Dir string

	port int
	args []string

	mu      sync.Mutex
	process *exec.Cmd // nil while it does not run
	exited  chan struct{}
	guard   io.Closer // closing it, or dying, kills the process
}

// Start starts a server and waits until it answers. If ctx ends first, Start
// returns an error and leaves no process behind.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	if _, err := exec.LookPath("redis-server"); err != nil {
		return nil, fmt.Errorf("redistest: start: %w", ErrNoServer)
	}
	const tries = 3 // another process may take the port between the look and the bind
	for try := 1; ; try++ {
		s, err := start(ctx, cfg)
		if err == nil || try == tries || ctx.Err() != nil {
			return s, err
		}
	}
}

func start(ctx context.Context, cfg Config) (*Server, error) {
	s, err := newServer()
	if err != nil {
		return nil, err
	}
	s.args = []string{
		"--port", strconv.Itoa(s.port), "--bind", "127.0.0.1",
		"--dir", s.Dir, "--logfile", logfile,
		"--save", "", "--appendonly", "no",
		"--repl-diskless-sync-delay", "0", // a master waits 5 s for more replicas
	}
	if cfg.Cluster {
		s.args = append(s.args, "--cluster-enabled", "yes", "--cluster-node-timeout", "2000")
	}
	if cfg.ReplicaOf != nil {
		s.args = append(s.args, "--replicaof", "127.0.0.1 "+strconv.Itoa(cfg.ReplicaOf.port))
	}
	s.args = append(s.args, cfg.Args...)
	if err := s.Start(ctx); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	if cfg.ReplicaOf != nil {
		if err := s.WaitSynced(ctx); err != nil {
			return nil, errors.Join(err, s.Stop())
		}
	}
	return s, nil
}

// newServer returns a server that has all but its arguments.
func newServer() (*Server, error) {
	port, err := freePort()
	if err != nil {
		return nil, fmt.Errorf("redistest: start: %w", err)
	}
	dir, err := os.MkdirTemp("", "redistest")
	if err != nil {
		return nil, fmt.Errorf("redistest: start: %w", err)
	}
	return &Server{Addr: "127.0.0.1:" + strconv.Itoa(port), Dir: dir, port: port}, nil
}

// Start starts the server again, with the files that it left, and waits until
// it answers. It does nothing if the server runs.
func (s *Server) Start(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process != nil {
		return nil
	}
	var out bytes.Buffer // what it says before it has opened its log file
	cmd := exec.Command("redis-server", s.args...)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("redistest: start %s: %w", s.Addr, err)
	}
	exited := make(chan struct{})
	go func() {
		_ = cmd.Wait() // it ends by being killed
		close(exited)
	}()
	guard, err := killWhenClosed(cmd.Process.Pid)
	if err == nil {
		err = s.waitReady(ctx, exited)
	}
	if err != nil {
		if guard != nil {
			_ = guard.Close()
		}
		_ = cmd.Process.Kill()
		<-exited
		log, _ := os.ReadFile(filepath.Join(s.Dir, logfile))
		return fmt.Errorf("redistest: start %s: %w\n%s%s", s.Addr, err, out.Bytes(), log)
	}
	s.process, s.exited, s.guard = cmd, exited, guard
	return nil
}

// Kill ends the server at once, as kill -9 does: nothing is saved. It does
// nothing if the server does not run.
func (s *Server) Kill() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		return nil
	}
	err := s.process.Process.Kill()
	if errors.Is(err, os.ErrProcessDone) {
		err = nil
	}
	<-s.exited
	err = errors.Join(err, s.guard.Close())
	s.process, s.exited, s.guard = nil, nil, nil
	return err
}

// Restart kills the server and starts it with the files that it has: with the
// data of its last SAVE, if there was one.
func (s *Server) Restart(ctx context.Context) error {
	if err := s.Kill(); err != nil {
		return err
	}
	return s.Start(ctx)
}

// RestartEmpty kills the server and starts it without data. A node of a cluster
// stays one.
func (s *Server) RestartEmpty(ctx context.Context) error {
	if err := s.Kill(); err != nil {
		return err
	}
	for _, name := range []string{"dump.rdb", "appendonlydir", "appendonly.aof"} {
		if err := os.RemoveAll(filepath.Join(s.Dir, name)); err != nil {
			return fmt.Errorf("redistest: restart %s: %w", s.Addr, err)
		}
	}
	return s.Start(ctx)
}

// Pause stops the process where it stands: connections stay open and nothing
// answers. Resume lets it go on.
func (s *Server) Pause() error { return s.signal(syscall.SIGSTOP) }

// Resume ends a Pause.
func (s *Server) Resume() error { return s.signal(syscall.SIGCONT) }

func (s *Server) signal(sig syscall.Signal) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		return fmt.Errorf("redistest: signal %s: %w", s.Addr, os.ErrProcessDone)
	}
	return s.process.Process.Signal(sig)
}

// Stop kills the server for good and deletes its files.
func (s *Server) Stop() error {
	return errors.Join(s.Kill(), os.RemoveAll(s.Dir))
}

// Options returns options for a client of the server, the caller's to change.
func (s *Server) Options() *redis.Options {
	return &redis.Options{
		Addr:                  s.Addr,
		ContextTimeoutEnabled: true,
		DialerRetryTimeout:    10 * time.Millisecond,
	}
}
