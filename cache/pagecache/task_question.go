package pagecache

import (
	"net/http"
	"slices"
	"strings"

	"github.com/uncache/uncache/cache/internal/engine"
	"github.com/uncache/uncache/cache/pagecache/internal/rfc9111"
	"github.com/uncache/uncache/cache/pagecache/internal/stored"
)

// A variant is one of the stored responses of a target URI, by the entity tag
// that the handler gave it.
type variant struct{ key, tag string }

// A question is what a fill asks the handler beside for a response: whether one
// of those that are stored is it (RFC 9111 §4.3.1).
type question struct {
	own    bool      // the one that the request selects, by all that validates it
	others []variant // the others of the target URI, newest first
}

func (q *question) asks() bool { return q.own || len(q.others) > 0 }

// maxTags bounds the entity tags of other variants that are sent, in bytes: a
// server takes a header of some 8 KiB.
const maxTags = 2 << 10

// question returns what can be asked for t.
func (t *task) question() question {
	q := question{own: t.old != nil && t.old.Value.CanBeValidated()}
	// A list of tags makes the handler ignore the date of one that has no tag.
	if t.c.opts.AllETags && (!q.own || t.old.Value.Is(stored.OwnETag)) {
		q.others = t.others()
	}
	return q
}

// others returns the variants of t's target URI that the handler may name in
// place of the one that the request selects.
//
// Only strong tags tell variants apart (RFC 9110 §8.8.3.3): the weak tag of a
// page may be that of its compressed form. And where the variants are those of
// visitors and not of formats, a handler that is careless with its tags would
// show one visitor the page of another.
func (t *task) others() []variant {
	fields := t.c.memo.Fields([]byte(t.id.Primary))
	if fields == nil || slices.Contains(fields, "Cookie") || slices.Contains(fields, "Authorization") || t.isPersonal() {
		return nil
	}
	note, _, err := t.c.values.Get(t.r.Context(), []byte(t.id.Primary))
	if err != nil || note == nil || !note.Value.Is(stored.IsNote) || !slices.Equal(note.Value.Vary, fields) {
		return nil // another process knows better what selects: it may be a cookie
	}
	var list []variant
	size := 0
	for i, tag := range slices.Backward(note.Value.Tags) {
		key := note.Value.Variants[i]
		if !rfc9111.IsStrong(tag) || t.old != nil && t.old.Value.Key == key {
			continue
		}
		if size += len(tag) + len(", "); size > maxTags {
			break
		}
		list = append(list, variant{key, tag})
	}
	return list
}

// put makes a request the question.
func (q *question) put(h http.Header, old *engine.Stored[*stored.Response]) {
	if q.own {
		old.Value.SetConditions(h)
	}
	var tags []string
	for _, v := range q.others {
		if !slices.Contains(h["If-None-Match"], v.tag) && !slices.Contains(tags, v.tag) {
			tags = append(tags, v.tag)
		}
	}
	if len(tags) > 0 {
		h["If-None-Match"] = []string{strings.Join(append(h["If-None-Match"], tags...), ", ")}
	}
}

// chosen returns the stored response that a 304 speaks of, or nil: the one that
// the request selects, or one that selects itself by its tag.
func (t *task) chosen(rec *recorder, q question) *engine.Stored[*stored.Response] {
	tag := ""
	if tags := rec.header["Etag"]; len(tags) == 1 {
		tag = tags[0]
	}
	if q.own && (tag != "" || len(q.others) == 0) && t.confirms(rec) {
		return t.old
	}
	for _, v := range q.others {
		if v.tag != tag {
			continue
		}
		// The fill has begun: what was purged before is not found, and what is
		// purged from now on will show by the fill's stamp. See dropPurged.
		s, _, err := t.c.values.Get(t.r.Context(), []byte(v.key))
		if err != nil || s == nil || s.Value.Is(stored.IsNote) || !s.Value.CanBeValidated() || s.Value.Header.ETag() != tag {
			continue
		}
		if decodable(s.Value, t.r.Header) {
			return s
		}
	}
	return nil
}

// again returns what to ask after a 304 that spoke of nothing that is stored. One
// without a tag, which a server must send (RFC 9110 §15.4.5) and some do not,
// may mean the response that the request selects: if that alone is asked about.
func (q *question) again(rec *recorder) question {
	return question{own: q.own && len(q.others) > 0 && len(rec.header["Etag"]) == 0}
}
