package pagecache

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
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
	look   status        // what Cache-Status will say
	before http.Header   // what stood in the header before the handler, or nil

	wrote     bool        // the handler gave its status
	status    int         //
	header    http.Header // as it was then
	given     time.Time   // when that was
	policy    policy      //
	recording bool        // body holds all that was written so far
	released  bool        // the header was sent
	hijacked  bool
	failed    bool // the client did not take what was written
	body      []byte
}

func newRecorder(c *Cache, w http.ResponseWriter, req *http.Request, look status) *recorder {
	rec := &recorder{c: c, w: w, req: req, look: look}
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
	setCookie := !slices.Equal(h["Set-Cookie"], rec.before["Set-Cookie"])
	rec.policy = judge(rec.req, code, h, setCookie, rec.c.opts.TTL, rec.given)
	rec.recording = rec.policy.reason == storable
	if !rec.recording && !rec.mayShorten() {
		rec.release()
	}
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
	st := rec.look
	if !rec.recording {
		st.detail = string(rec.policy.reason)
	}
	st.add(h, rec.c.name)
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

// complete reports whether the handler gave a whole response. What was cut
// short must not be stored as if it were one (RFC 9111 §3.3).
func (rec *recorder) complete() bool {
	if rec.failed || rec.req.Context().Err() != nil {
		return false
	}
	for name := range rec.w.Header() {
		if strings.HasPrefix(name, http.TrailerPrefix) {
			return false
		}
	}
	declared := rec.header["Content-Length"]
	if len(declared) == 0 {
		return true
	}
	n, err := strconv.Atoi(declared[0])
	return err == nil && n == len(rec.body)
}

func bodyAllowed(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}
