package pagecache

import (
	"net/http"
	"slices"

	"github.com/uncache/uncache/cache/internal/engine"
	"github.com/uncache/uncache/cache/pagecache/internal/stored"
)

// confirms reports whether a 304 speaks of the selected response, and whether the
// fields that it names are among those that have selected it: by others, the request
// might have selected another response.
func (t *task) confirms(rec *recorder) bool {
	old := t.old.Value
	if !old.ConfirmedBy(rec.header) {
		return false
	}
	for _, name := range t.c.rules.SelectingFields(t.c.merged(old, rec.header)) {
		if !slices.Contains(old.Vary, name) {
			return false
		}
	}
	return true
}

// freshen takes the handler's word that a stored response is still good.
func (t *task) freshen(rec *recorder, from *engine.Stored[*stored.Response]) {
	t.look.answer = http.StatusNotModified
	p := t.confirmed(rec, from)
	t.visitor = rec.visitor
	if rec.policy.Reason != storable {
		t.look.detail = string(rec.policy.Reason)
		if t.holdsForOthers(rec.policy.Reason) {
			t.forget()
		}
	}
	rec.undo()
	for _, name := range rec.policy.Drop { // not stored, but for this visitor
		if values := rec.header[name]; len(values) > 0 {
			t.w.Header()[name] = values
		}
	}
	t.promise(rec, p)
	s := t.says(p)
	if p.Age > 0 { // what confirmed it was a cache itself
		s.age = t.c.age(p.AgeAt(rec.given))
	}
	t.answer(rec, p, s)
}

// confirmed makes a response of a stored one and of what confirmed it, to be
// stored in the place of the one that the request selects. A variant that other
// requests select stays as it is, since this 304 was not for them (RFC 9111
// §4.3.4).
func (t *task) confirmed(rec *recorder, from *engine.Stored[*stored.Response]) *stored.Response {
	old := from.Value
	merged := t.c.merged(old, rec.header)
	rec.policy, rec.judged, rec.confirmed = rec.judge(int(old.Status), merged, old), merged, old
	p := rec.freshened(old, rec.fields(&rec.policy, false), &rec.policy)
	t.place(p, merged)
	from.PassTo(t.fill) // it was made from what it was made from
	t.depend(rec.header)
	return p
}
