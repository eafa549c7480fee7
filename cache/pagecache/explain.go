package pagecache

import (
	"context"
	"net/http"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/internal/engine"
	"github.com/uncache/uncache/cache/pagecache/internal/find"
	"github.com/uncache/uncache/cache/pagecache/internal/rfc9111"
	"github.com/uncache/uncache/cache/pagecache/internal/stored"
	"github.com/uncache/uncache/internal/panics"
)

// Explain says what r would find in the cache if it came now, and why. It asks no handler,
// stores nothing, counts as no hit, and teaches the cache no shortcut.
//
// r is a request as the server gets it: with a host, and with TLS if it comes over TLS. The
// conditions of [Options] are asked about it. What middleware outside the cache would do to
// it is not known.
//
// If the backend does not answer in time, Explain returns its error, and what it knows
// without it. ctx bounds how long the log is searched for the event that ended a response.
func (c *Cache) Explain(ctx context.Context, r *http.Request) (_ Explanation, err error) {
	defer panics.Catch(&err) // of Skip or Visitor, which may expect a visitor's context
	x := &explainer{c: c, r: r}
	x.Time, x.Method, x.URL = time.Now(), r.Method, r.Host+r.URL.RequestURI()
	x.Stored = []StoredVariant{}
	err = x.explain(ctx)
	x.Position = c.engine.Position()
	return x.Explanation, err
}

// An explainer makes an Explanation. It decides as handle, find and miss do.
type explainer struct {
	Explanation
	c       *Cache
	r       *http.Request
	asks    rfc9111.Control
	knownBy reason
	id      find.Identity
	last    *rendered
	varies  bool // variants are stored, as far as a lookup knows
	entries []*entry
	chosen  *entry                    // what a lookup would find, or nil
	named   map[cache.Dependency]bool // what names the URL; nil if a stored response was chosen
	latest  *cache.Event              // that names one of them, or nil: see read
}

// An entry is a stored response that was found.
type entry struct {
	engine.Found[*stored.Response]
	purge    *purgeSearch
	selected bool
}

func (x *explainer) explain(ctx context.Context) error {
	if !isSafe(x.r.Method) {
		x.leave(fwdMethod, storable, "The handler answers every "+x.r.Method+". If it succeeds, its URL is purged.")
		return nil
	}
	fwd, why := x.c.leaves(x.r)
	if fwd == fwdMethod {
		x.leave(fwd, why, "The handler answers every "+x.r.Method+".")
		return nil
	}
	x.asks, x.knownBy = x.c.asks(x.r), x.c.visitorOf(x.r)
	if fwd == "" && isLong(x.r) {
		fwd, why = fwdBypass, reasonURLLength
	}
	k := x.c.keysFor(x.knownBy).Request(x.r)
	switch {
	case fwd == "" && !k.Valid():
		fwd, why = fwdBypass, x.c.whyNoKey(x.r)
	case k.Valid():
		var ok bool
		x.URL = k.URI()
		if x.id, ok = find.Identify(x.c.keysFor(x.knownBy), x.r); !ok && fwd == "" {
			fwd, why = fwdMiss, reasonDepth
		}
	}
	if x.Key = x.id.Primary; x.Key == "" {
		x.leave(fwd, why, sentence(why))
		return nil
	}
	if x.last = x.c.lastRendering(x.Key); x.last != nil {
		last := x.last.Rendering
		last.Why = sentence(reason(last.Reason))
		x.Rendering = &last
	}
	err := x.look(ctx)
	if err == nil {
		err = x.search(ctx)
	}
	switch {
	case fwd != "":
		x.leave(fwd, why, sentence(why))
	case err != nil && x.chosen == nil:
		x.leave(fwdBypass, reasonUnavailable, sentence(reasonUnavailable))
	default:
		x.answer()
	}
	x.list()
	return err
}

// leave says that the handler would be asked.
func (x *explainer) leave(fwd string, why reason, because string) {
	x.Hit, x.Reason, x.Because = false, string(why), because
	x.Status = "fwd=" + fwd
	if why != storable {
		x.Status += "; detail=" + string(why)
	}
}

// look finds all that is stored of the URL, as Index.Lookup does for one request.
func (x *explainer) look(ctx context.Context) error {
	at, err := x.c.values.Inspect(ctx, x.Key)
	if err != nil {
		return err
	}
	var note *stored.Response
	for _, f := range at {
		if f.Value.Is(stored.IsNote) {
			if note == nil {
				note = f.Value
			}
			x.varies = x.varies || f.Verdict != engine.Purged
			continue
		}
		x.add(f, true)
	}
	x.Vary = x.c.memo.Fields([]byte(x.Key))
	var variants []string
	if note != nil {
		x.Vary, variants = note.Vary, note.Variants
	}
	var selected string
	if len(x.Vary) > 0 {
		selected = string(x.id.Keys.AppendVariant(nil, []byte(x.Key), x.Vary, x.r.Header))
	}
	for _, key := range withKey(variants, selected) {
		at, err := x.c.values.Inspect(ctx, key)
		if err != nil {
			return err
		}
		for _, f := range at {
			x.add(f, key == selected)
		}
	}
	x.chosen = choose(x.entries)
	return nil
}

// add adds a response that was found.
func (x *explainer) add(f engine.Found[*stored.Response], selected bool) {
	x.entries = append(x.entries, &entry{Found: f, purge: x.searchFor(&f), selected: selected})
}

// withKey returns list with key in it, unless that is empty.
func withKey(list []string, key string) []string {
	for _, k := range list {
		if k == key {
			return list
		}
	}
	if key == "" {
		return list
	}
	return append(list[:len(list):len(list)], key)
}

// choose returns what a lookup finds among the entries that the request selects: the
// nearest that is fresh, or else soft-purged, or else purged.
func choose(entries []*entry) *entry {
	var best *entry
	for _, e := range entries {
		if e.selected && (best == nil || rank(e.Verdict) > rank(best.Verdict)) {
			best = e
		}
	}
	return best
}

func rank(v engine.Verdict) int {
	switch v {
	case engine.Fresh:
		return 2
	case engine.SoftPurged:
		return 1
	}
	return 0
}

// list puts what was found into the Explanation.
func (x *explainer) list() {
	for _, e := range x.entries {
		p := e.Value
		v := StoredVariant{
			Key: p.Key, Tier: e.Tier, Selected: e.selected, Verdict: e.Verdict.String(),
			Status: int(p.Status), Bytes: len(p.Body), ETag: p.Header.ETag(), Route: p.Route,
			Age: p.AgeAt(x.Time), Lifetime: p.Life, Left: e.Left, Stamp: e.Stamp,
		}
		if types := p.Header.Get(contentType); len(types) > 0 {
			v.Type = types[0]
		}
		v.Dependencies, v.Unnamed = e.purge.named()
		v.Purge = e.purge.event
		x.Stored = append(x.Stored, v)
	}
}
