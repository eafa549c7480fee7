package pagecache

import (
	"maps"
	"net/http"
	"strconv"
	"time"

	"github.com/uncache/uncache/cache/pagecache/internal/rfc9111"
	"github.com/uncache/uncache/cache/pagecache/internal/stored"
)

// holdBytes is how much is held back of a response that will not be stored, because it
// may yet become a 304.
const holdBytes = 64 << 10

// A recorder stands between a handler and the client while a page is filled. It holds a
// response that may be stored back until the handler is done. So
//
//   - its entity tag and length are sent before it
//   - it is stored before anybody has its body
//   - other requests do not wait for a client that reads slowly
//
// A response that is flushed, or larger than what is stored, is streamed from there on.
//
// recorder_header.go sends the header and looks at it again. recorder_stream.go is about
// bodies that do not come by Write, and recorder_unwrap.go about writes that bypass the
// recorder.
type recorder struct {
	c            *Cache
	w            http.ResponseWriter
	req          *http.Request    // as the client sent it
	asked        time.Time        // when the handler was called
	cacheStatus  *status          // what Cache-Status will say
	outer        http.Header      // what stood in the header before the handler, or nil
	validating   bool             // a 304 would validate a stored response
	fallback     *stored.Response // what will be served in place of an error, or nil
	notForOthers func(*recorder)  // is called when the response is of no use to the requests that wait

	knownBy    reason // by what the visitor is known, see visitorOf
	background bool   // there is no visitor

	remarks *remarks     // what the handler says through its context
	said    rfc9111.Told // what the page said when policy was made

	recordPart func(*recorder, http.Header) // decides what is recorded of a part; nil unless a range was asked for
	span       stored.Span                  // what of the body is recorded, if it is a part

	changed func() // purges what an unsafe request has changed, before its answer is sent; or nil

	wrote        bool             // the handler gave its status
	status       int              //
	header       http.Header      // as it was then
	given        time.Time        // when that was
	length       int64            // the Content-Length in it, or -1
	policy       rfc9111.Policy   //
	policyHeader http.Header      // what policy was made from: header, and what was changed while it was sent
	validated    *stored.Response // the stored response whose header is in policyHeader too, or nil
	recording    bool             // body holds all that was written so far
	stream       bool             // it may go on for as long as the visitor stays, so nobody waits for it
	gaveUp       bool             // the handler showed that its response is not whole
	unwrapped    bool             // the handler writes to what Unwrap returns
	raw          bool             // or to the client's own ResponseWriter
	sent         http.Header      // the header as it was handed on; middleware may have changed it since
	released     bool             // the header was sent
	sending      time.Duration    // how long writes to the client took
	bytes        int64            // of the body, that were written to it
	hijacked     bool
	failed       bool // the client did not take what was written
	replaced     bool // the client gets a stored response instead
	body         []byte
}

// newRecorder returns a recorder of the response to r.
func newRecorder(c *Cache, w http.ResponseWriter, r *http.Request, cacheStatus *status, remarks *remarks) *recorder {
	rec := &recorder{c: c, w: w, req: r, cacheStatus: cacheStatus, remarks: remarks, asked: time.Now(), length: -1}
	rec.notForOthers = func(*recorder) {}
	_, rec.background = w.(discard)
	if h := w.Header(); len(h) > 0 {
		// Not a deep copy: a list that is the very same one was not touched by the
		// handler.
		rec.outer = maps.Clone(h)
	}
	return rec
}

func (rec *recorder) Header() http.Header { return rec.w.Header() }

// isFinal reports whether a status code ends a response's header (RFC 9110 §15.2).
func isFinal(code int) bool {
	return code < 100 || code >= 200 || code == http.StatusSwitchingProtocols
}

func (rec *recorder) WriteHeader(code int) {
	switch {
	case rec.hijacked:
		return
	case rec.wrote:
		if isFinal(code) {
			rec.secondStatus(code)
		}
		return
	case !isFinal(code):
		rec.w.WriteHeader(code) // RFC 9110 §15.2: interim, the final one comes
		return
	}
	rec.wrote = true
	rec.remarks.sought.Store(false)
	rec.status = code
	rec.given = time.Now()
	h := rec.w.Header()
	rec.header = maps.Clone(h)
	rec.policyHeader = rec.header
	if n, err := strconv.ParseInt(rec.header.Get("Content-Length"), 10, 64); err == nil && n >= 0 {
		rec.length = n
	}
	if rec.changed != nil {
		if len(rec.header["Trailer"]) > 0 || rec.unwrapped {
			rec.release() // trailers are set when the header was sent
		}
		return
	}
	if code == http.StatusNotModified && rec.validating || rfc9111.IsError(code) && rec.fallback != nil && rec.fallback.MayReplaceError(rec.given) {
		rec.replaced = true
		return
	}
	rec.policy = rec.policyOf(code, h, nil)
	if rec.policy.Reason == storable && rec.unwrapped {
		rec.policy.Reason = reasonUnwrapped
	}
	if rec.policy.Reason == storable && rec.hidesError() {
		rec.gaveUp, rec.policy.Reason = true, reasonIncomplete
	}
	if rec.req.Method == http.MethodHead {
		return // the header is all that matters; it is sent when the handler is done
	}
	if rec.recordPart != nil {
		rec.recordPart(rec, h)
		if rec.recording = rec.policy.Reason == storable; !rec.recording {
			rec.release()
		}
		return
	}
	rec.recording = rec.policy.Reason == storable
	if rec.stream = isStream(h); rec.stream || !rec.recording {
		rec.notForOthers(rec)
	}
	if !rec.recording {
		if rec.unwrapped || !rec.mayShorten() {
			rec.release()
		}
	}
}

// drop ends the recording of a response that will not be stored.
func (rec *recorder) drop(why reason) {
	if !rec.recording {
		return
	}
	rec.recording = false
	rec.policy.Reason = why
	rec.notForOthers(rec)
}

// same reports whether a and b are the very same list.
func same(a, b []string) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
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
	if rec.replaced {
		return len(b), nil
	}
	if !rec.released && rec.length >= 0 && int64(len(rec.body)+len(b)) > rec.length {
		rec.giveUp() // net/http refuses it as well
		return 0, http.ErrContentLength
	}
	if rec.recording {
		if _, refused := rec.remarks.says(); refused {
			rec.drop(reasonDoNotStore)
		}
	}
	if rec.recording && len(rec.body)+len(b) > rec.c.opts.MaxBody {
		rec.drop(reasonTooLarge)
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

// took is how long the handler took until now. Of a stream only its header counts: the
// rest takes as long as its visitor stays.
func (rec *recorder) took() time.Duration {
	until := time.Now()
	if rec.stream {
		until = rec.given
	}
	return max(until.Sub(rec.asked)-rec.sending, 0)
}

// pass sends bytes of the body to the client.
func (rec *recorder) pass(b []byte) (int, error) {
	began := time.Now()
	n, err := rec.w.Write(b)
	rec.sending += time.Since(began)
	rec.bytes += int64(n)
	if err != nil {
		rec.failed = true
		rec.drop(reasonIncomplete)
	}
	return n, err
}

func bodyAllowed(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}

// end gives the header of a handler that wrote nothing, as net/http would.
func (rec *recorder) end() {
	switch {
	case rec.hijacked, rec.wrote:
	case rec.raw: // it wrote to the client's ResponseWriter, if at all
		rec.wrote, rec.released = true, true
		rec.status, rec.header = http.StatusOK, maps.Clone(rec.w.Header())
	default:
		rec.WriteHeader(http.StatusOK)
	}
}
