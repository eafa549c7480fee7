package pagecache

import (
	"net/http"
	"time"

	"github.com/uncache/uncache/cache/pagecache/internal/stored"
)

// conclude answers with what was recorded, and stores it if it may be.
func (t *task) conclude(rec *recorder) {
	p := t.made(rec)
	switch {
	case rec.released: // and looked at again
		if p != nil {
			t.store(p)
		}
		t.finish(rec, p, p != nil)
	case p == nil:
		t.finish(rec, nil, false)
		rec.concludeUnstored()
	default:
		rec.released = true
		rec.restoreHeader()
		for _, f := range p.Header.List() {
			if f.Adds {
				rec.w.Header()[f.Name] = rec.outer[f.Name] // serve adds to it
			}
		}
		t.promise(rec, p)
		t.answer(rec, p, t.moment(p))
	}
}

// answer sends p, the response that was recorded. If p may be stored, it is stored
// between its header and its body: see recorder_header.go.
func (t *task) answer(rec *recorder, p *stored.Response, s moment) {
	t.sent = t.c.serve(&afterHeader{t.w, func(sent http.Header) {
		t.storeAfterHeader(rec, p, sent)
		t.finish(rec, p, rec.policy.Reason == storable)
	}}, t.r, p, s)
}

// storeAfterHeader stores p, if that is still allowed after its header was sent.
func (t *task) storeAfterHeader(rec *recorder, p *stored.Response, sent http.Header) {
	if rec.policy.Reason != storable {
		return
	}
	pol, header := rec.lookAgain(rec.policy, int(p.Status), rec.policyHeader, sent)
	if rec.policy = pol; pol.Reason != storable {
		t.notStored(pol.Reason)
		return
	}
	if !same(header["Vary"], rec.policyHeader["Vary"]) {
		t.place(p, header)
	}
	rec.policyHeader = header
	rec.bind(p, &pol)
	t.store(p)
}

// moment returns the header values of a response that the handler was asked for.
func (t *task) moment(p *stored.Response) moment {
	return moment{status: p.AppendStatus(t.cacheStatus.format(t.c.name))}
}

// serveStale answers with the stored response in place of an error (RFC 5861 §4), and
// gives it to the requests that wait.
func (t *task) serveStale(rec *recorder) {
	if t.flight != nil {
		t.flight.FinishStored(t.old)
	}
	t.cacheStatus.answer = rec.status
	t.cacheStatus.detail = string(reasonStaleIfError)
	rec.undo()
	p := t.old.Value
	age := p.AgeAt(time.Now())
	t.cacheStatus.stale, t.cacheStatus.ttl = true, p.TTL(age)
	s := t.moment(p)
	s.age = t.c.age(age)
	t.sent = t.c.serve(t.w, t.r, p, s)
}
