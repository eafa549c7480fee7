package redistest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/uncache/uncache/internal/netproxy"
)

// A Proxy is the network between clients and a Redis server. It passes commands
// on one by one, and replies as they come. Its methods are safe for concurrent
// use.
type Proxy struct{ *netproxy.Proxy }

// NewProxy starts a proxy in front of the server at addr. It ends with the test.
func NewProxy(t testing.TB, addr string) *Proxy {
	t.Helper()
	p, err := netproxy.NewMessages(addr, func(r *bufio.Reader) ([]byte, error) {
		raw, _, err := readCommand(r)
		return raw, err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return &Proxy{p}
}

// Intercept has f answer commands in place of the server: with the reply as it
// goes over the wire, or with "" to let the command pass. A nil f ends that.
func (p *Proxy) Intercept(f func(command []string) (reply string)) {
	if f == nil {
		p.Answer(nil)
		return
	}
	p.Answer(func(message []byte) []byte {
		_, command, err := readCommand(bufio.NewReader(bytes.NewReader(message)))
		if err != nil {
			return nil
		}
		return []byte(f(command))
	})
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
