package killing

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A process is a child.
type process struct {
	addr    string // where it listens
	cmd     *exec.Cmd
	stdin   io.Closer
	exited  chan struct{}
	stalled chan struct{} // receives when it stands where it is to be killed
	stderr  *tail
}

// start starts a child and waits until it serves.
func start(ctx context.Context, c config) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	b, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	p := &process{exited: make(chan struct{}), stalled: make(chan struct{}, 1), stderr: new(tail)}
	p.cmd = exec.Command(self)
	p.cmd.Env = append(os.Environ(), childVariable+"="+string(b))
	p.cmd.Stderr = p.stderr
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	ready := make(chan string, 1)
	go p.listen(out, ready)
	select {
	case p.addr = <-ready:
		return p, nil
	case <-p.exited:
		return nil, fmt.Errorf("killing: a %s ended at its start: %s", c.Role, p.stderr)
	case <-ctx.Done():
		_ = p.kill()
		return nil, fmt.Errorf("killing: start a %s: %w: %s", c.Role, ctx.Err(), p.stderr)
	}
}

func (p *process) listen(out io.Reader, ready chan<- string) {
	for lines := bufio.NewScanner(out); lines.Scan(); {
		switch word, rest, _ := strings.Cut(lines.Text(), " "); word {
		case "ready":
			ready <- rest
		case stalled:
			select {
			case p.stalled <- struct{}{}:
			default:
			}
		}
	}
	_ = p.cmd.Wait()
	close(p.exited)
}

// kill is kill -9.
func (p *process) kill() error {
	err := p.cmd.Process.Kill()
	<-p.exited
	_ = p.stdin.Close()
	if err == os.ErrProcessDone {
		return fmt.Errorf("killing: the process had ended by itself: %s", p.stderr)
	}
	return err
}

// pause stops the process where it stands.
func (p *process) pause() error { return p.cmd.Process.Signal(syscall.SIGSTOP) }

// resume ends a pause.
func (p *process) resume() error { return p.cmd.Process.Signal(syscall.SIGCONT) }

// waitStalled waits until the process stands where it is to be killed.
func (p *process) waitStalled(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	select {
	case <-p.stalled:
		return nil
	case <-p.exited:
		return fmt.Errorf("killing: the process ended by itself: %s", p.stderr)
	case <-ctx.Done():
		return fmt.Errorf("killing: wait for a process to come to the place where it is to be killed: %w", ctx.Err())
	}
}

// tail keeps the end of what a process says.
type tail struct {
	mu  sync.Mutex
	end []byte
}

func (t *tail) Write(b []byte) (int, error) {
	const most = 4 << 10
	t.mu.Lock()
	defer t.mu.Unlock()
	t.end = append(t.end, b...)
	t.end = t.end[max(0, len(t.end)-most):]
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.end)
}
