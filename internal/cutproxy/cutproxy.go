// Package cutproxy cuts the connection to a database after a statement was sent
// and before its answer arrives: the moment at which nobody knows whether a
// COMMIT has happened. It is for tests.
package cutproxy

import (
	"bytes"
	"net"
	"sync"
)

// A Proxy forwards TCP connections to a server.
type Proxy struct {
	listener net.Listener
	target   string
	wg       sync.WaitGroup

	mu    sync.Mutex
	cut   []byte // what a client sends before it is cut off
	conns map[net.Conn]bool
	did   int
}

// New returns a proxy to target, host and port, on loopback.
func New(target string) (*Proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{listener: l, target: target, conns: map[net.Conn]bool{}}
	p.wg.Go(p.accept)
	return p, nil
}

// Addr returns the host and port to connect to.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// CutAfter has every connection cut off that sends statement, in any case, in one
// piece: the server gets it and answers, and the answer is thrown away. An empty
// statement cuts nothing.
func (p *Proxy) CutAfter(statement string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = bytes.ToLower([]byte(statement))
}

// Cut returns how many connections were cut off.
func (p *Proxy) Cut() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.did
}

// Close ends all connections and waits for them.
func (p *Proxy) Close() {
	p.listener.Close()
	p.mu.Lock()
	for c := range p.conns {
		c.Close()
	}
	p.conns = nil
	p.mu.Unlock()
	p.wg.Wait()
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.target)
		if err != nil {
			client.Close()
			continue
		}
		if !p.keep(client, server) {
			return
		}
		l := &link{p: p, client: client, server: server}
		p.wg.Go(l.up)
		p.wg.Go(l.down)
	}
}

func (p *Proxy) keep(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		if p.conns == nil {
			c.Close()
			continue
		}
		p.conns[c] = true
	}
	return p.conns != nil
}

type link struct {
	p              *Proxy
	client, server net.Conn

	mu      sync.Mutex
	cutting bool
}

// up forwards what the client sends.
func (l *link) up() {
	defer l.server.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := l.client.Read(buf)
		l.p.mu.Lock()
		cut := len(l.p.cut) > 0 && bytes.Contains(bytes.ToLower(buf[:n]), l.p.cut)
		l.p.mu.Unlock()
		if cut {
			l.mu.Lock()
			l.cutting = true // before the server can answer
			l.mu.Unlock()
		}
		if n > 0 {
			if _, err := l.server.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// down forwards what the server answers, until the client is to be cut off.
func (l *link) down() {
	defer l.client.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := l.server.Read(buf)
		l.mu.Lock()
		cutting := l.cutting
		l.mu.Unlock()
		if cutting && n > 0 { // it has answered
			l.p.mu.Lock()
			l.p.did++
			l.p.mu.Unlock()
			return
		}
		if n > 0 {
			if _, err := l.client.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
