package pagecache

import (
	"net/http"
	"slices"

	"github.com/uncache/uncache/cache/internal/engine"
	"github.com/uncache/uncache/cache/pagecache/internal/stored"
)

// isValidated reports whether a 304 is about the selected response, and names no fields in
// Vary beyond those that have selected it. By others the request might have selected
// another response.
func (t *task) isValidated(rec *recorder) bool {
	old := t.old.Value
	if !old.ValidatedBy(rec.header) {
		return false
	}
	for _, name := range t.c.rules.SelectingFields(t.c.merged(old, rec.header)) {
		if !slices.Contains(old.Vary, name) {
			return false
		}
	}
	return true
}

// freshen answers with a stored response that the handler has validated.
func (t *task) freshen(rec *recorder, from *engine.Stored[*stored.Response]) {
	t.cacheStatus.answer = http.StatusNotModified
	p := t.freshened(rec, from)
	t.knownBy = rec.knownBy
	if rec.policy.Reason != storable {
		t.cacheStatus.detail = string(rec.policy.Reason)
		if t.holdsForOthers(rec.policy.Reason) {
			t.forget()
		}
	}
	rec.undo()
	for _, name := range rec.policy.Drop { // not stored, but meant for this visitor
		if values := rec.header[name]; len(values) > 0 {
			t.w.Header()[name] = values
		}
	}
	t.promise(rec, p)
	s := t.moment(p)
	if p.Age > 0 { // another cache has validated it
		s.age = t.c.age(p.AgeAt(rec.given))
	}
	t.answer(rec, p, s)
}

// freshened returns a stored response with the header of the 304 that validated it, to be
// stored in place of the response that the request selects. A variant that other requests
// select stays as it is, since this 304 was not for them (RFC 9111 §4.3.4).
func (t *task) freshened(rec *recorder, from *engine.Stored[*stored.Response]) *stored.Response {
	old := from.Value
	merged := t.c.merged(old, rec.header)
	rec.policy, rec.policyHeader, rec.validated = rec.policyOf(int(old.Status), merged, old), merged, old
	p := rec.updated(old, rec.fields(&rec.policy, false), &rec.policy)
	t.place(p, merged)
	from.PassTo(t.fill) // p depends on what it was made from
	t.depend(rec.header)
	return p
}
