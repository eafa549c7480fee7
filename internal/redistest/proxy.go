package redistest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// A Proxy is the network between clients and a server, with its bad days. It
// passes commands on one by one, and replies as they come. Its methods are safe
// for concurrent use.
type Proxy struct {
	// Addr is the host and port that it listens on.
	Addr string

	listener net.Listener
	server   string
	wg       sync.WaitGroup

	mu        sync.Mutex
	changed   *sync.Cond
	frozen    bool
	losing    bool // new links are lost
	closed    bool
	intercept func(command []string) (reply string)
	links     map[*link]struct{}
}

// A link is one connection of a client, with the one to the server behind it.
type link struct {
	p              *Proxy
	client, server net.Conn
	lost           bool       // guarded by p.mu
	replies        sync.Mutex // for whoever writes to the client
}

// NewProxy starts a proxy in front of the server at addr. It ends with the test.
func NewProxy(t testing.TB, addr string) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{Addr: l.Addr().String(), listener: l, server: addr, links: make(map[*link]struct{})}
	p.changed = sync.NewCond(&p.mu)
	p.wg.Go(p.accept)
	t.Cleanup(p.close)
	return p
}

// Freeze holds everything up: connections stay open, new ones are accepted, and
// nothing passes. Thaw lets it all go on, and what was sent meanwhile arrives.
func (p *Proxy) Freeze() { p.set(func() { p.frozen = true }) }

// Lose loses everything that is on its way, and every connection that is open or
// is opened until Thaw: nothing comes back on them, ever, not even an end. So it
// is when a router forgets what it was forwarding.
func (p *Proxy) Lose() {
	p.set(func() {
		p.losing = true
		for l := range p.links {
			l.lost = true
		}
	})
}

// Thaw ends a Freeze, or a Lose for connections that are opened from now on.
func (p *Proxy) Thaw() { p.set(func() { p.frozen, p.losing = false, false }) }

// Intercept has f answer commands in place of the server: with the reply as it
// goes over the wire, or with "" to let the command pass. A nil f ends that.
func (p *Proxy) Intercept(f func(command []string) (reply string)) {
	p.set(func() { p.intercept = f })
}

func (p *Proxy) set(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
	p.changed.Broadcast()
}

func (p *Proxy) close() {
	p.listener.Close()
	p.set(func() {
		p.closed = true
		for l := range p.links {
			l.client.Close()
			l.server.Close()
		}
	})
	p.wg.Wait()
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.server)
		if err != nil {
			client.Close()
			continue
		}
		l := &link{p: p, client: client, server: server}
		p.mu.Lock()
		l.lost = p.losing
		if p.closed {
			client.Close()
			server.Close()
		}
		p.links[l] = struct{}{}
		p.mu.Unlock()
		p.wg.Go(l.forward)
		p.wg.Go(l.back)
	}
}

// pass waits until something may pass, and reports whether it may at all; and by
// whom it is answered.
func (l *link) pass() (intercept func([]string) string, ok bool) {
	l.p.mu.Lock()
	defer l.p.mu.Unlock()
	for (l.p.frozen || l.lost) && !l.p.closed {
		l.p.changed.Wait()
	}
	return l.p.intercept, !l.p.closed
}

// end closes both connections, unless the link is lost: nobody hears of that.
func (l *link) end() {
	if _, ok := l.pass(); !ok {
		return // the proxy has closed them
	}
	l.client.Close()
	l.server.Close()
	l.p.set(func() { delete(l.p.links, l) })
}

// forward takes commands from the client to the server.
func (l *link) forward() {
	defer l.end()
	r := bufio.NewReader(l.client)
	for {
		raw, command, err := readCommand(r)
		if err != nil {
			return
		}
		intercept, ok := l.pass()
		if !ok {
			return
		}
		if intercept != nil {
			if reply := intercept(command); reply != "" {
				if !l.reply([]byte(reply)) {
					return
				}
				continue
			}
		}
		if _, err := l.server.Write(raw); err != nil {
			return
		}
	}
}

// back takes replies from the server to the client.
func (l *link) back() {
	defer l.end()
	b := make([]byte, 32<<10)
	for {
		n, err := l.server.Read(b)
		if err != nil {
			return
		}
		if _, ok := l.pass(); !ok || !l.reply(b[:n]) {
			return
		}
	}
}

func (l *link) reply(b []byte) bool {
	l.replies.Lock()
	defer l.replies.Unlock()
	_, err := l.client.Write(b)
	return err == nil
}

// readCommand reads one command, an array of bulk strings, as clients send it.
func readCommand(r *bufio.Reader) (raw []byte, command []string, err error) {
	header, n, err := readLength(r, '*')
	if err != nil {
		return nil, nil, err
	}
	raw = append(raw, header...)
	for range n {
		header, size, err := readLength(r, '$')
		if err != nil {
			return nil, nil, err
		}
		arg := make([]byte, size+len("\r\n"))
		if _, err := io.ReadFull(r, arg); err != nil {
			return nil, nil, err
		}
		raw = append(append(raw, header...), arg...)
		command = append(command, string(arg[:size]))
	}
	return raw, command, nil
}

var errProtocol = errors.New("not a command in RESP")

func readLength(r *bufio.Reader, kind byte) (line string, n int, err error) {
	if line, err = r.ReadString('\n'); err != nil {
		return "", 0, err
	}
	if line[0] != kind {
		return "", 0, fmt.Errorf("%w: %q", errProtocol, line)
	}
	n, err = strconv.Atoi(strings.TrimSpace(line[1:]))
	return line, n, err
}
