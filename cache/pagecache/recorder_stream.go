package pagecache

import (
	"bufio"
	"io"
	"net"
	"net/http"
)

// ReadFrom lets io.Copy have the kernel send a file, for bodies that are not stored. A
// source that fails leaves half of a response, whatever the handler does about its error.
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
			rec.giveUp()
			return n, err
		}
	}
	if rec.hijacked {
		return n, http.ErrHijacked
	}
	rest, err := io.Copy(rec.w, src)
	rec.bytes += rest
	rec.failed = rec.failed || err != nil
	return n + rest, err
}

// Flush sends what was held back.
func (rec *recorder) Flush() { _ = rec.FlushError() }

// FlushError is Flush, for http.ResponseController. Recording goes on, and the response is
// stored when it is whole.
func (rec *recorder) FlushError() error {
	if rec.hijacked {
		return http.ErrHijacked
	}
	if !rec.wrote {
		rec.WriteHeader(http.StatusOK)
	}
	if rec.replaced {
		return nil
	}
	rec.release()
	return http.NewResponseController(rec.w).Flush()
}

// Hijack hands the connection over, after what was written so far. Nothing is stored.
func (rec *recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if rec.wrote && !rec.replaced {
		rec.release()
	}
	conn, rw, err := http.NewResponseController(rec.w).Hijack()
	if err == nil {
		rec.hijacked, rec.recording = true, false
		rec.notForOthers(rec)
	}
	return conn, rw, err
}
