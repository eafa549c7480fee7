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
	case rec.released: // and looked at
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
				rec.w.Header()[f.Name] = rec.before[f.Name] // serve adds to it
			}
		}
		t.promise(rec, p)
		t.answer(rec, p, t.says(p))
	}
}

// answer sends p, the response that rec was made for. What may be stored is stored
// when its header was sent, see recorder_header.go.
func (t *task) answer(rec *recorder, p *stored.Response, s says) {
	t.c.serve(&afterHeader{t.w, func(sent http.Header) {
		t.storeAfterHeader(rec, p, sent)
		t.finish(rec, p, rec.policy.Reason == storable)
	}}, t.r, p, s)
}

// storeAfterHeader stores p if it still may be when its header was sent.
func (t *task) storeAfterHeader(rec *recorder, p *stored.Response, sent http.Header) {
	if rec.policy.Reason != storable {
		return
	}
	pol, judged := rec.lookAgain(rec.policy, int(p.Status), rec.judged, sent)
	if rec.policy = pol; pol.Reason != storable {
		t.notStored(pol.Reason)
		return
	}
	if !same(judged["Vary"], rec.judged["Vary"]) {
		t.place(p, judged)
	}
	rec.judged = judged
	rec.bind(p, &pol)
	t.store(p)
}

// says returns the header values of a response that the handler was asked for.
func (t *task) says(p *stored.Response) says {
	return says{status: p.AppendStatus(t.look.format(t.c.name))}
}

// serveStale answers with the stored response in place of an error (RFC 5861
// §4), and lets those who wait have it too.
func (t *task) serveStale(rec *recorder) {
	if t.flight != nil {
		t.flight.FinishStored(t.old)
	}
	t.look.answer = rec.status
	t.look.detail = string(reasonStaleIfError)
	rec.undo()
	p := t.old.Value
	age := p.AgeAt(time.Now())
	t.look.stale, t.look.ttl = true, p.TTL(age)
	s := t.says(p)
	s.age = t.c.age(age)
	t.c.serve(t.w, t.r, p, s)
}
