// Package netproxy is the network between clients and a server in tests. It can
// freeze, lose what is on its way, cut connections, lead to another server, and
// lose the answer to one statement: the moment at which nobody knows whether a
// COMMIT has happened.
package netproxy

import (
	"bufio"
	"bytes"
	"errors"
	"net"
	"sync"
)

// A Proxy forwards TCP connections to a server. Its methods are safe for
// concurrent use.
type Proxy struct {
	// Addr is the host and port that it listens on.
	Addr string

	listener net.Listener
	read     func(*bufio.Reader) ([]byte, error) // reads a message of a client
	wg       sync.WaitGroup

	mu      sync.Mutex
	changed *sync.Cond
	target  string
	frozen  bool
	losing  bool // new connections are lost
	closed  bool
	answer  func(message []byte) (reply []byte)
	cut     *cut
	links   map[*link]struct{}
}

// A cut is an answer that is to be thrown away.
type cut struct {
	statement []byte // in lower case
	done      chan struct{}
}

// New returns a proxy to target, host and port, on loopback. Close it.
func New(target string) (*Proxy, error) {
	return NewMessages(target, readBytes)
}

// NewMessages is New for a protocol whose messages read reads from a client, one
// by one and byte for byte. [Proxy.Answer] is given such messages.
func NewMessages(target string, read func(*bufio.Reader) ([]byte, error)) (*Proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{Addr: l.Addr().String(), listener: l, read: read, target: target, links: make(map[*link]struct{})}
	p.changed = sync.NewCond(&p.mu)
	p.wg.Go(p.accept)
	return p, nil
}

// readBytes reads what there is.
func readBytes(r *bufio.Reader) ([]byte, error) {
	if _, err := r.Peek(1); err != nil {
		return nil, err
	}
	b, err := r.Peek(r.Buffered())
	b = bytes.Clone(b)
	_, _ = r.Discard(len(b))
	return b, err
}

// Freeze holds everything up: connections stay open, new ones are accepted, and
// nothing passes.
func (p *Proxy) Freeze() { p.set(func() { p.frozen = true }) }

// Lose loses everything that is on its way, and every connection that is open or
// is opened until Thaw. Nothing comes back on them, not even an end. So it is
// when a router forgets what it was forwarding.
func (p *Proxy) Lose() {
	p.set(func() {
		p.losing = true
		for l := range p.links {
			l.lost = true
		}
	})
}

// Thaw ends a Freeze: what was sent meanwhile arrives. It ends a Lose for
// connections that are opened from now on.
func (p *Proxy) Thaw() { p.set(func() { p.frozen, p.losing = false, false }) }

// Cut closes all connections with a reset. What was on its way is lost.
func (p *Proxy) Cut() { p.set(p.reset) }

// Lead cuts all connections, and leads new ones to target.
func (p *Proxy) Lead(target string) {
	p.set(func() {
		p.target = target
		p.reset()
	})
}

// Answer has f answer messages in place of the server, with the reply as it goes
// over the wire. A message for which f returns an empty reply goes to the server.
// A nil f ends that.
func (p *Proxy) Answer(f func(message []byte) (reply []byte)) { p.set(func() { p.answer = f }) }

// CutAfter has the connection that next sends statement, in any case and in one
// piece, closed in place of the server's answer. The channel that it returns is
// closed then. A statement that was waited for before is forgotten; an empty
// statement is none.
func (p *Proxy) CutAfter(statement string) <-chan struct{} {
	c := &cut{bytes.ToLower([]byte(statement)), make(chan struct{})}
	p.set(func() {
		p.cut = c
		if statement == "" {
			p.cut = nil
		}
	})
	return c.done
}

// Close ends all connections and waits for them.
func (p *Proxy) Close() error {
	err := p.listener.Close()
	p.set(func() {
		p.closed = true
		for l := range p.links {
			l.close()
		}
	})
	p.wg.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

func (p *Proxy) set(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
	p.changed.Broadcast()
}

// reset closes all connections. p.mu is held.
func (p *Proxy) reset() {
	for l := range p.links {
		if c, ok := l.client.(*net.TCPConn); ok {
			_ = c.SetLinger(0)
		}
		if c, ok := l.server.(*net.TCPConn); ok {
			_ = c.SetLinger(0)
		}
		l.close()
	}
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		l := &link{p: p, client: client}
		p.set(func() {
			l.lost = p.losing
			p.links[l] = struct{}{}
		})
		p.wg.Go(l.run)
	}
}
