package netproxy

import (
	"bufio"
	"bytes"
	"net"
	"sync"
)

// A link is one connection of a client, with the one to the server behind it.
type link struct {
	p      *Proxy
	client net.Conn
	write  sync.Mutex // of what goes to the client

	// Guarded by p.mu.
	server  net.Conn // nil before it was dialled
	lost    bool
	cutting *cut // the server's next answer is thrown away
	over    bool
}

// run forwards until one side has closed its connection.
func (l *link) run() {
	defer l.end()
	if !l.pass() || !l.dial() {
		return
	}
	var down sync.WaitGroup
	down.Go(func() {
		defer l.end()
		l.down()
	})
	l.up()
	l.end()
	down.Wait()
}

// dial connects to the server.
func (l *link) dial() bool {
	l.p.mu.Lock()
	target := l.p.target
	l.p.mu.Unlock()
	server, err := net.Dial("tcp", target)
	if err != nil {
		return false
	}
	l.p.mu.Lock()
	defer l.p.mu.Unlock()
	l.server = server
	if l.over || l.p.closed {
		server.Close()
		return false
	}
	return true
}

// pass waits until something may pass, and reports whether it may at all.
func (l *link) pass() bool {
	l.p.mu.Lock()
	defer l.p.mu.Unlock()
	for (l.p.frozen || l.lost) && !l.over && !l.p.closed {
		l.p.changed.Wait()
	}
	return !l.over && !l.p.closed
}

// end closes both connections. A lost link stays open: nobody hears of its end.
func (l *link) end() {
	if l.pass() {
		l.p.set(l.close)
	}
	l.p.set(func() { delete(l.p.links, l) })
}

// close closes both connections. p.mu is held.
func (l *link) close() {
	l.over = true
	l.client.Close()
	if l.server != nil {
		l.server.Close()
	}
}

// up takes messages from the client to the server.
func (l *link) up() {
	r := bufio.NewReaderSize(l.client, 64<<10)
	for {
		message, err := l.p.read(r)
		if err != nil || !l.pass() {
			return
		}
		if answer := l.answers(message); answer != nil {
			if reply := answer(message); len(reply) > 0 {
				if !l.reply(reply) {
					return
				}
				continue
			}
		}
		if _, err := l.server.Write(message); err != nil {
			return
		}
	}
}

// answers returns who answers a message in place of the server, if anybody does,
// and sees whether its answer is to be thrown away.
func (l *link) answers(message []byte) func([]byte) []byte {
	l.p.mu.Lock()
	defer l.p.mu.Unlock()
	if c := l.p.cut; c != nil && bytes.Contains(bytes.ToLower(message), c.statement) {
		l.cutting, l.p.cut = c, nil
	}
	return l.p.answer
}

// down takes replies from the server to the client.
func (l *link) down() {
	b := make([]byte, 64<<10)
	for {
		n, err := l.server.Read(b)
		if n > 0 && (!l.pass() || l.isCut() || !l.reply(b[:n])) {
			return
		}
		if err != nil {
			return
		}
	}
}

// isCut reports whether the answer that has come is thrown away.
func (l *link) isCut() bool {
	l.p.mu.Lock()
	defer l.p.mu.Unlock()
	if l.cutting == nil {
		return false
	}
	close(l.cutting.done) // before anybody notices the end
	l.close()
	return true
}

func (l *link) reply(b []byte) bool {
	l.write.Lock()
	defer l.write.Unlock()
	_, err := l.client.Write(b)
	return err == nil
}
