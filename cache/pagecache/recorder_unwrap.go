package pagecache

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"time"
)

// Unwrap returns a ResponseWriter that does what the recorder cannot do, for
// http.ResponseController. What is written to it goes to the visitor, after what was held
// back, and the response is not stored.
func (rec *recorder) Unwrap() http.ResponseWriter { return outside{rec} }

// An outside is what a handler writes to when it bypasses the recorder: a library unwraps
// the recorder to find a ResponseWriter that it knows. The recorder lacks what is written
// to it.
type outside struct{ rec *recorder }

// pass has the rest of the response sent to the visitor at once.
func (o outside) pass() {
	rec := o.rec
	if rec.unwrapped {
		return
	}
	rec.unwrapped = true
	if rec.wrote && !rec.replaced && !rec.hijacked {
		rec.drop(reasonUnwrapped)
		rec.release()
	}
}

// Unwrap returns the client's own ResponseWriter. The cache sees nothing of what is written
// to that, so the response is not stored.
func (o outside) Unwrap() http.ResponseWriter {
	rec := o.rec
	o.pass()
	if !rec.wrote && !rec.hijacked && !rec.raw {
		if rec.changed == nil {
			rec.policy.Reason = reasonUnwrapped
			rec.c.markVisitors(rec.w.Header(), rec.knownBy)
		}
		rec.say(rec.w.Header()) // the last chance to
		rec.raw = true
		rec.notForOthers(rec)
	}
	return rec.w
}

func (o outside) Header() http.Header { return o.rec.Header() }

func (o outside) WriteHeader(code int) {
	o.pass()
	o.rec.WriteHeader(code)
}

func (o outside) Write(b []byte) (int, error) {
	o.pass()
	return o.rec.Write(b)
}

// ReadFrom lets io.Copy have the kernel send a file.
func (o outside) ReadFrom(src io.Reader) (int64, error) {
	o.pass()
	return o.rec.ReadFrom(src)
}

// Flush is for handlers that ask for http.Flusher.
func (o outside) Flush() { o.rec.Flush() }

// FlushError is Flush, for http.ResponseController.
func (o outside) FlushError() error { return o.rec.FlushError() }

// Hijack hands the connection over.
func (o outside) Hijack() (net.Conn, *bufio.ReadWriter, error) { return o.rec.Hijack() }

func (o outside) client() *http.ResponseController { return http.NewResponseController(o.rec.w) }

// SetReadDeadline is for http.ResponseController, like the methods below.
func (o outside) SetReadDeadline(t time.Time) error { return o.client().SetReadDeadline(t) }

// SetWriteDeadline sets the deadline for what is sent to the client.
func (o outside) SetWriteDeadline(t time.Time) error { return o.client().SetWriteDeadline(t) }

// EnableFullDuplex lets the handler read on when it has begun to write.
func (o outside) EnableFullDuplex() error { return o.client().EnableFullDuplex() }
