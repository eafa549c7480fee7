package killing

import (
	"bytes"
	"io"
	"net"
	"sync"
	"sync/atomic"
)

// A Link is a TCP connection's way to a server, which can be frozen, cut, and
// led elsewhere. It is safe for concurrent use.
type Link struct {
	// Addr is where the link begins.
	Addr string

	listener net.Listener

	mu     sync.Mutex
	to     string
	thawed chan struct{} // closed while bytes are forwarded
	trap   *trap
	conns  map[net.Conn]struct{}
}

// NewLink returns a link to a server at the address to. Close it.
func NewLink(to string) (*Link, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	link := &Link{Addr: l.Addr().String(), listener: l, to: to, thawed: make(chan struct{}), conns: make(map[net.Conn]struct{})}
	close(link.thawed)
	go link.accept()
	return link, nil
}

func (l *Link) accept() {
	for {
		c, err := l.listener.Accept()
		if err != nil {
			return
		}
		go l.forward(c)
	}
}

func (l *Link) forward(near net.Conn) {
	defer near.Close()
	// While the link is frozen the connection is there, and nothing answers.
	l.pass()
	l.mu.Lock()
	to := l.to
	l.mu.Unlock()
	far, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer far.Close()
	l.track(near, far)
	defer l.untrack(near, far)
	var trapped atomic.Bool
	var wg sync.WaitGroup
	wg.Go(func() { l.copy(far, near, &trapped, l.springs) })
	wg.Go(func() { l.copy(near, far, &trapped, func([]byte) bool { return false }) })
	wg.Wait()
}

// copy forwards from src to dst. What springs a trap is forwarded; after that,
// nothing is: the answer finds the connection closed.
func (l *Link) copy(dst, src net.Conn, trapped *atomic.Bool, springs func([]byte) bool) {
	defer dst.Close()
	buf := make([]byte, 32<<10)
	for {
		n, err := src.Read(buf)
		if n > 0 {
			l.pass()
			if trapped.Load() {
				return
			}
			if springs(buf[:n]) {
				trapped.Store(true)
			}
			if _, err := dst.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return // io.EOF as well as a cut
		}
	}
}

// pass waits until the link is not frozen.
func (l *Link) pass() {
	l.mu.Lock()
	thawed := l.thawed
	l.mu.Unlock()
	<-thawed
}

func (l *Link) track(conns ...net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range conns {
		l.conns[c] = struct{}{}
	}
}

func (l *Link) untrack(conns ...net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range conns {
		delete(l.conns, c)
	}
}

// Freeze stops forwarding: connections stay open, bytes go nowhere.
func (l *Link) Freeze() {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.thawed:
		l.thawed = make(chan struct{})
	default:
	}
}

// Thaw forwards again, also what came while the link was frozen.
func (l *Link) Thaw() {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.thawed:
	default:
		close(l.thawed)
	}
}

// Cut closes all connections; what was on its way in a frozen link is lost.
func (l *Link) Cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.conns {
		if c, ok := c.(*net.TCPConn); ok {
			_ = c.SetLinger(0)
		}
		_ = c.Close()
	}
}

// A trap waits for bytes on their way to the server.
type trap struct {
	bytes  []byte
	sprung chan struct{}
}

// Trap has the connection that next sends these bytes lose the answer to them.
// The channel is closed when one has.
func (l *Link) Trap(bytes []byte) <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.trap = &trap{bytes, make(chan struct{})}
	return l.trap.sprung
}

func (l *Link) springs(sent []byte) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.trap == nil || !bytes.Contains(sent, l.trap.bytes) {
		return false
	}
	close(l.trap.sprung)
	l.trap = nil
	return true
}

// Lead cuts the link and leads it to another server.
func (l *Link) Lead(to string) {
	l.mu.Lock()
	l.to = to
	l.mu.Unlock()
	l.Cut()
}

// Close ends the link.
func (l *Link) Close() error {
	err := l.listener.Close()
	l.Thaw()
	l.Cut()
	return err
}

var _ io.Closer = (*Link)(nil)
