package pagecache

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// holdBytes is how much of a response is held back while the handler writes it,
// so that its entity tag and length can be sent before it. A handler that
// writes more, or flushes, is streamed from there on.
const holdBytes = 64 << 10

// A recorder stands between a handler and the client while a page is filled. It
// holds the beginning of the response back, passes the rest on, and keeps a
// copy of all of it as long as it may be stored.
type recorder struct {
	c      *Cache
	w      http.ResponseWriter
	req    *http.Request // as the client sent it
	asked  time.Time     // when the handler was called
	look   *status       // what Cache-Status will say
	before http.Header   // what stood in the header before the handler, or nil
	asks   *response     // what a 304 would confirm, or nil
	spare  *response     // what will be served in place of an error, or nil

	wrote     bool        // the handler gave its status
	status    int         //
	header    http.Header // as it was then
	given     time.Time   // when that was
	policy    policy      //
	recording bool        // body holds all that was written so far
	released  bool        // the header was sent
	hijacked  bool
	failed    bool // the client did not take what was written
	muted     bool // the client gets a stored response instead
	body      []byte
}

func newRecorder(c *Cache, w http.ResponseWriter, req *http.Request, look *status) *recorder {
	rec := &recorder{c: c, w: w, req: req, look: look, asked: time.Now()}
	if h := w.Header(); len(h) > 0 {
		rec.before = h.Clone()
	}
	return rec
}

func (rec *recorder) Header() http.Header { return rec.w.Header() }

// Unwrap lets http.ResponseController find what the recorder does not do.
func (rec *recorder) Unwrap() http.ResponseWriter { return rec.w }

func (rec *recorder) WriteHeader(code int) {
	if rec.wrote || rec.hijacked {
		return
	}
	if code >= 100 && code < 200 && code != http.StatusSwitchingProtocols {
		rec.w.WriteHeader(code) // RFC 9110 §15.2: interim, the final one comes
		return
	}
	rec.wrote = true
	rec.status = code
	rec.given = time.Now()
	h := rec.w.Header()
	rec.header = h.Clone()
	if code == http.StatusNotModified && rec.asks != nil || isError(code) && rec.spare != nil {
		rec.muted = true
		return
	}
	rec.policy = rec.c.opts.judge(rec.req, code, h, rec.setsCookie(), rec.asked, rec.given)
	if rec.req.Method == http.MethodHead {
		return // there is no body to wait for
	}
	rec.recording = rec.policy.reason == storable
	if !rec.recording && !rec.mayShorten() {
		rec.release()
	}
}

// setsCookie reports whether the handler set a cookie, rather than somebody
// around us.
func (rec *recorder) setsCookie() bool {
	return !slices.Equal(rec.header["Set-Cookie"], rec.before["Set-Cookie"])
}

// mayShorten reports whether the response, although it will not be stored, may
// become a 304 once it is complete: the fill took the conditions away from the
// handler.
func (rec *recorder) mayShorten() bool {
	return rec.status == http.StatusOK && hasConditions(rec.req.Header) &&
		(len(rec.header["Etag"]) > 0 || len(rec.header["Last-Modified"]) > 0)
}

func (rec *recorder) Write(b []byte) (int, error) {
	if rec.hijacked {
		return 0, http.ErrHijacked
	}
	if !rec.wrote {
		rec.WriteHeader(http.StatusOK)
	}
	if len(b) > 0 && !bodyAllowed(rec.status) {
		return 0, http.ErrBodyNotAllowed
	}
	if rec.muted || rec.req.Method == http.MethodHead {
		return len(b), nil
	}
	if rec.recording && len(rec.body)+len(b) > rec.c.opts.MaxBody {
		rec.recording = false
		rec.policy.reason = reasonTooLarge
		rec.release()
		rec.body = nil
	}
	if !rec.released {
		rec.body = append(rec.body, b...)
		if len(rec.body) > holdBytes {
			rec.release()
		}
		return len(b), nil
	}
	if rec.recording {
		rec.body = append(rec.body, b...)
	}
	return rec.pass(b)
}

func (rec *recorder) pass(b []byte) (int, error) {
	n, err := rec.w.Write(b)
	rec.failed = rec.failed || err != nil
	return n, err
}

// ReadFrom keeps the road open on which io.Copy lets the kernel send a file,
// for bodies that are not kept.
func (rec *recorder) ReadFrom(src io.Reader) (int64, error) {
	if !rec.wrote {
		rec.WriteHeader(http.StatusOK)
	}
	var n int64
	buf := make([]byte, 32<<10)
	for rec.recording || !rec.released {
		got, err := src.Read(buf)
		if got > 0 {
			wrote, err := rec.Write(buf[:got])
			n += int64(wrote)
			if err != nil {
				return n, err
			}
		}
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
	if rec.hijacked {
		return n, http.ErrHijacked
	}
	rest, err := io.Copy(rec.w, src)
	rec.failed = rec.failed || err != nil
	return n + rest, err
}

// Flush sends what was held back: the handler wants it to be seen.
func (rec *recorder) Flush() { _ = rec.FlushError() }

// FlushError is Flush, for http.ResponseController.
func (rec *recorder) FlushError() error {
	if rec.hijacked {
		return http.ErrHijacked
	}
	if !rec.wrote {
		rec.WriteHeader(http.StatusOK)
	}
	if rec.muted {
		return nil
	}
	rec.release()
	return http.NewResponseController(rec.w).Flush()
}

// Hijack hands the connection over. There will be nothing to store.
func (rec *recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(rec.w).Hijack()
	if err == nil {
		rec.hijacked = true
	}
	return conn, rw, err
}

// release sends the header and what was held back of the body.
func (rec *recorder) release() {
	if rec.released {
		return
	}
	rec.released = true
	rec.restoreHeader()
	h := rec.w.Header()
	if rec.recording && !rec.policy.explicit {
		h["Cache-Control"] = noCache
	}
	if !rec.recording && rec.policy.reason != storable {
		rec.look.detail = string(rec.policy.reason)
	}
	rec.look.add(h, rec.c.name)
	rec.w.WriteHeader(rec.status)
	if len(rec.body) > 0 {
		_, _ = rec.pass(rec.body) // remembered in failed
	}
}

// restoreHeader undoes what the handler did to the header after WriteHeader,
// which net/http would not have seen; trailers excepted, which are set then.
func (rec *recorder) restoreHeader() {
	h := rec.w.Header()
	for name := range h {
		if _, ok := rec.header[name]; !ok && !strings.HasPrefix(name, http.TrailerPrefix) {
			delete(h, name)
		}
	}
	for name, values := range rec.header {
		h[name] = values
	}
}

func bodyAllowed(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}
