package redistest

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os/exec"
	"strconv"
)

// freePort returns a port that nothing listens on, with the one that Redis
// Cluster adds to it free as well. Both are below the range from which systems
// take the ports of outgoing connections: none of those steals the port while
// its server is being restarted.
func freePort() (int, error) {
	const lowest, count, clusterBus = 12_000, 10_000, 10_000
	var err error
	for range 100 {
		port := lowest + rand.IntN(count)
		if err = tryPort(port); err != nil {
			continue
		}
		if err = tryPort(port + clusterBus); err == nil {
			return port, nil
		}
	}
	return 0, fmt.Errorf("no free port: %w", err)
}

func tryPort(port int) error {
	l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port))
	if err != nil {
		return err
	}
	return l.Close()
}

// killWhenClosed kills a process when this one ends in whatever way: a shell
// waits on a pipe whose other end dies with us. A test binary that runs into
// its -timeout would leave its servers behind otherwise.
func killWhenClosed(pid int) (io.Closer, error) {
	cmd := exec.Command("sh", "-c", `read _; kill -9 "$0"`, strconv.Itoa(pid))
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return guard{cmd, pipe}, nil
}

type guard struct {
	cmd  *exec.Cmd
	pipe io.Closer
}

// Close ends the watch. The process watched is dead by then, and its number
// may be another's, so the shell must not get to its last command.
func (g guard) Close() error {
	err := g.cmd.Process.Kill()
	_ = g.cmd.Wait() // "signal: killed"
	_ = g.pipe.Close()
	return err
}
