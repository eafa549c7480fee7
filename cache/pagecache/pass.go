package pagecache

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/uncache/uncache/cache/pagecache/internal/rfc9111"
)

// A passWriter stands between a handler and the client of a request that passes the cache.
// It adds Cache-Status, after what the handler says in that field (RFC 9211 §2).
type passWriter struct {
	http.ResponseWriter
	then  func(code int) // is told the final status code before it is sent
	wrote bool
	code  int   // the final status code; 0 while there is none
	bytes int64 // of the body, that were written
}

// pass lets the handler answer the request as if there were no cache.
func (c *Cache) pass(next http.Handler, w http.ResponseWriter, r *http.Request, fwd, detail string) {
	st := status{fwd: fwd, detail: detail}
	knownBy := stranger
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		knownBy = c.visitorOf(r)
	}
	p := &passWriter{ResponseWriter: w, then: func(code int) {
		switch {
		case code < 200:
		case knownBy != stranger:
			c.markVisitors(w.Header(), knownBy)
		case detail == string(rfc9111.ReasonPartial) && (code == http.StatusOK || code == http.StatusPartialContent):
			c.markPart(w.Header(), r)
		}
		st.add(w.Header(), c.name)
	}}
	began := time.Now()
	defer func() {
		c.over(w, r, &Observation{
			Forward: fwd, Detail: detail, Status: p.code, Bytes: p.bytes, Handler: time.Since(began), Pattern: r.Pattern,
		}, false)
	}()
	passing(next, p, r)
	p.finish()
}

func (p *passWriter) begin(code int) {
	if !p.wrote && (code < 100 || code >= 200 || code == http.StatusSwitchingProtocols) {
		p.wrote, p.code = true, code
		p.then(code)
	}
}

// finish gives the header of a handler that wrote nothing, as net/http would.
func (p *passWriter) finish() { p.begin(http.StatusOK) }

// Unwrap lets http.ResponseController find what a passWriter does not do.
func (p *passWriter) Unwrap() http.ResponseWriter { return p.ResponseWriter }

func (p *passWriter) WriteHeader(code int) {
	p.begin(code)
	p.ResponseWriter.WriteHeader(code)
}

func (p *passWriter) Write(b []byte) (int, error) {
	p.begin(http.StatusOK)
	n, err := p.ResponseWriter.Write(b)
	p.bytes += int64(n)
	return n, err
}

// ReadFrom lets io.Copy have the kernel send a file.
func (p *passWriter) ReadFrom(src io.Reader) (int64, error) {
	p.begin(http.StatusOK)
	n, err := io.Copy(p.ResponseWriter, src)
	p.bytes += n
	return n, err
}

// Flush is for handlers that ask for http.Flusher.
func (p *passWriter) Flush() { _ = p.FlushError() }

// FlushError is Flush, for http.ResponseController.
func (p *passWriter) FlushError() error {
	p.begin(http.StatusOK)
	return http.NewResponseController(p.ResponseWriter).Flush()
}

// Hijack hands the connection over.
func (p *passWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(p.ResponseWriter).Hijack()
	p.wrote = p.wrote || err == nil
	return conn, rw, err
}

// refuse answers without the handler, and without a stored response.
func (c *Cache) refuse(w http.ResponseWriter, r *http.Request, st status, text string, code int) {
	st.add(w.Header(), c.name)
	http.Error(w, text, code)
	c.over(w, r, &Observation{Forward: st.fwd, Detail: st.detail, Status: code, Bytes: int64(len(text) + len("\n"))}, false)
}

// gaveUp answers a visitor who left while they waited, or whose request ended by a deadline
// of its own. (Who waits longer than Options.CollapseTimeout has the handler asked.) The
// handler is not asked: all who waited would ask it at once, at the moment when it is slowest.
func (c *Cache) gaveUp(w http.ResponseWriter, r *http.Request, look status) {
	look.detail = string(reasonGaveUp)
	c.refuse(w, r, look, "timed out", http.StatusServiceUnavailable)
}

// notCached answers only-if-cached (RFC 9111 §5.2.1.7).
func (c *Cache) notCached(w http.ResponseWriter, r *http.Request) {
	c.refuse(w, r, status{fwd: fwdRequest, detail: string(reasonOnlyIfCached)}, "not cached", http.StatusGatewayTimeout)
}
