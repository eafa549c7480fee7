package pagecache

import (
	"net/http"
	"slices"
	"strings"

	"github.com/uncache/uncache/cache/internal/engine"
	"github.com/uncache/uncache/cache/pagecache/internal/stored"
)

// A question is what a fill asks the handler, beside for a response: whether a stored
// response is still good (RFC 9111 §4.3.1).
type question struct {
	own    bool      // the one that the request selects, by its entity tag and its date
	others []variant // other variants of the target URI, by their entity tags
}

func (q *question) asks() bool { return q.own || len(q.others) > 0 }

// question returns what can be asked for t.
func (t *task) question() question {
	q := question{own: t.old != nil && t.old.Value.CanBeValidated()}
	// A list of tags makes the handler ignore the date of one that has no tag.
	if t.c.proxy.AllETags && !t.isPersonal() && (!q.own || t.old.Value.Is(stored.OwnETag)) {
		own := ""
		if t.old != nil {
			own = t.old.Value.Key
		}
		q.others = t.c.otherVariants(t.r.Context(), []byte(t.id.Primary), own)
	}
	return q
}

// put makes a request with header h the question.
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

// chosen returns the stored response that a 304 is about, or nil: the one that the
// request selects, or another whose entity tag the 304 has.
func (t *task) chosen(rec *recorder, q question) *engine.Stored[*stored.Response] {
	tag := ""
	if tags := rec.header["Etag"]; len(tags) == 1 {
		tag = tags[0]
	}
	if q.own && (tag != "" || len(q.others) == 0) && t.isValidated(rec) {
		return t.old
	}
	for _, v := range q.others {
		if v.tag != tag {
			continue
		}
		// The fill has begun. A response that was purged before is not found; what
		// is purged later will show by the fill's stamp. See dropPurged.
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

// again returns what to ask after a 304 that was about nothing that is stored. A server
// must send the entity tag in a 304 (RFC 9110 §15.4.5), and some do not. Such a 304 may
// mean the response that the request selects, so that alone is asked about.
func (q *question) again(rec *recorder) question {
	return question{own: q.own && len(q.others) > 0 && len(rec.header["Etag"]) == 0}
}
