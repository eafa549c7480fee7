package pagecache

import (
	"bufio"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// holdBytes is how much is held back of a response that is not going to be
// stored, because it may yet become a 304.
const holdBytes = 64 << 10

// A recorder stands between a handler and the client while a page is filled. A
// response that may be stored is held back until the handler is done, so that
// its entity tag and length can be sent before it, so that it is stored before
// anybody has it, and so that those who wait for it do not wait for a client
// that reads slowly. A handler that flushes, or writes more than is stored, is
// streamed from there on, and nobody waits for it any more.
type recorder struct {
	c      *Cache
	w      http.ResponseWriter
	req    *http.Request   // as the client sent it
	asked  time.Time       // when the handler was called
	look   *status         // what Cache-Status will say
	before http.Header     // what stood in the header before the handler, or nil
	asks   bool            // a 304 would confirm something that is stored
	spare  *response       // what will be served in place of an error, or nil
	part   func(*recorder) // lets go those who wait, of whom this response is of no use

	visitor reason // by what the visitor is known, see visitorOf

	through bool // a part was asked for: what is not stored is not held back
	span    span // of what is recorded, if it is a part

	changed func() // purges what an unsafe request has changed, before that is seen; nil for others

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

func newRecorder(t *task) *recorder {
	rec := &recorder{c: t.c, w: t.w, req: t.r, look: &t.look, part: t.part, asked: time.Now(), visitor: t.visitor}
	h := t.w.Header()
	if t.before == nil && t.c.warm != nil {
		t.before = &around{t.r.Pattern, slices.Clone(h["Vary"])} // a handler may write into the list
	}
	if len(h) > 0 {
		// Not a deep copy: that a list is the very same one tells that the
		// handler has not touched it.
		rec.before = maps.Clone(h)
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
	rec.header = maps.Clone(h)
	if rec.changed != nil {
		if len(rec.header["Trailer"]) > 0 {
			rec.release() // trailers are set when the header was sent
		}
		return
	}
	if code == http.StatusNotModified && rec.asks || isError(code) && rec.spare != nil && rec.spare.mayReplaceError(rec.given) {
		rec.muted = true
		return
	}
	rec.policy = rec.judge(code, h, nil)
	if rec.req.Method == http.MethodHead {
		return // the header is all that matters; it is sent when the handler is done
	}
	if rec.through {
		rec.judgeRange(h)
		if rec.recording = rec.policy.reason == storable; !rec.recording {
			rec.release()
		}
		return
	}
	rec.recording = rec.policy.reason == storable
	if !rec.recording {
		rec.part(rec)
		if !rec.mayShorten() {
			rec.release()
		}
	}
}

// setsCookie reports whether the handler set a cookie, rather than somebody
// around us.
func (rec *recorder) setsCookie() bool {
	return !same(rec.header["Set-Cookie"], rec.before["Set-Cookie"])
}

// same reports whether two lists are one: nobody has touched it in between.
func same(a, b []string) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

// mayShorten reports whether the response, although it will not be stored, may
// become a 304 once it is complete: the fill took the conditions away from the
// handler.
func (rec *recorder) mayShorten() bool {
	return rec.status == http.StatusOK && hasConditions(rec.req.Header) && len(rec.header["Trailer"]) == 0 &&
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
	if rec.muted {
		return len(b), nil
	}
	if rec.recording && len(rec.body)+len(b) > rec.c.opts.MaxBody {
		rec.recording = false
		rec.policy.reason = reasonTooLarge
		rec.part(rec)
		rec.release()
		rec.body = nil
	}
	if !rec.released {
		rec.body = append(rec.body, b...)
		if !rec.recording && len(rec.body) > holdBytes {
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
	rec.part(rec)
	rec.release()
	return http.NewResponseController(rec.w).Flush()
}

// Hijack hands the connection over. There will be nothing to store.
func (rec *recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(rec.w).Hijack()
	if err == nil {
		rec.hijacked = true
		rec.part(rec)
	}
	return conn, rw, err
}

// release sends the header and what was held back of the body.
func (rec *recorder) release() {
	if rec.released {
		return
	}
	if rec.changed != nil {
		rec.changed()
	}
	rec.released = true
	rec.restoreHeader()
	h := rec.w.Header()
	if rec.policy.words != "" {
		h["Cache-Control"] = addWords(h["Cache-Control"], rec.policy.words)
	}
	if !rec.recording && rec.policy.reason != storable {
		rec.look.detail = string(rec.policy.reason)
		if query := rec.req.URL.RawQuery; rec.c.keys.Query(query) != query {
			rec.look.detail += queryCut
		}
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
		if !strings.HasPrefix(name, http.TrailerPrefix) {
			h[name] = values
		}
	}
}

func bodyAllowed(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}
