package find

import (
	"hash/maphash"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/uncache/uncache/cache/internal/engine"
	"github.com/uncache/uncache/cache/pagecache/internal/stored"
)

// leads are a hash table of the responses that a store holds which tells them when they
// leave (package held). A request finds its response in it without a key. The table grows
// with what is stored. It holds no more than that: a response is in it once at most, from
// the second request that it answered until it leaves the store.
//
// Readers take no lock. A writer holds the lock of a shard. A response is taken out by one
// store of the pointer that leads to it, and never comes back; it keeps its own pointer, so
// that a reader at it finds the way on. While a shard grows, a reader may miss what is there.
type leads struct {
	values *engine.Values[*stored.Response]
	seed   maphash.Seed
	shards [leadShards]leadShard

	mu         sync.Mutex
	selections map[selection]*stored.Selection
}

const (
	leadShards    = 1 << 8
	leadMin       = 8       // places of a shard
	leadSteps     = 16      // a reader goes on for so long in one place
	leadNear      = 4       // responses of one URL that are in its place
	maxSelections = 1 << 14 // that differ
	maxLine       = 256     // bytes of their values
)

type leadShard struct {
	table atomic.Pointer[[]atomic.Pointer[stored.Response]] // its length is a power of two

	mu sync.Mutex
	n  int
	_  [40]byte // for a cache line of its own
}

func newLeads(values *engine.Values[*stored.Response], seed maphash.Seed) *leads {
	t := &leads{values: values, seed: seed, selections: make(map[selection]*stored.Selection)}
	for i := range t.shards {
		table := make([]atomic.Pointer[stored.Response], leadMin)
		t.shards[i].table.Store(&table)
	}
	return t
}

func (t *leads) shard(at uint64) *leadShard { return &t.shards[at>>56] }

// place returns where the response is that is first at a hash.
func place(table []atomic.Pointer[stored.Response], at uint64) *atomic.Pointer[stored.Response] {
	return &table[at&uint64(len(table)-1)]
}

func (t *leads) first(at uint64) *stored.Response {
	return place(*t.shard(at).table.Load(), at).Load()
}

// apart is where the responses of a URL are, beyond the first few.
func apart(url, values uint64) uint64 {
	at := (url ^ values) * hashMultiplier
	return at ^ at>>29
}

// tag is what a lead keeps of a hash. Places are chosen by other bits of it.
func tag(hash uint64) uint32 { return uint32(hash >> 24) }

// find returns the response that r leads to, or nil. url is the hash of its URL, known are
// the selectors.
func (t *leads) find(r *http.Request, form uint8, url uint64, known []selector, cookies []string) *stored.Response {
	var values selecting
	var by uint32
	var hash uint64
	var fields []string
	at, short := url, tag(url)
	for {
		p := t.first(at)
		for steps := 0; p != nil && steps < leadSteps; steps++ {
			if l := &p.Lead; l.URL == short && l.Form == form {
				s := l.By.Load()
				if s.By != by {
					if by != 0 {
						values = selecting{}
					}
					by = s.By
					fields = known[by-1].fields
					var ok bool
					if hash, ok = values.read(t.seed, r.Header, fields, cookies, 0); !ok {
						return nil
					}
				}
				if l.Values == uint32(hash) && values.are(s, len(fields)) && leadsFrom(l, r) {
					return p
				}
			}
			p = p.Lead.Next.Load()
		}
		if by == 0 || at != url {
			return nil
		}
		at = apart(url, hash)
	}
}

// leadsFrom reports whether a request has the URL of l.
func leadsFrom(l *stored.Lead, r *http.Request) bool {
	u, t := r.URL, l.Text
	host, path, raw, query, asked := l.Ends[0], l.Ends[1], l.Ends[2], l.Ends[3], l.Ends[4]
	if u.Host != "" || t[:host] != r.Host || t[host:path] != u.Path || t[path:raw] != u.RawPath || t[raw+uint16(l.Gap):query] != u.RawQuery {
		return false
	}
	return l.Form&formAsked != 0 || t[query:asked] == askedPath(r)
}

// add makes r, whose selecting fields have these values, lead to p. It does nothing if p has
// left its store, has or had a lead, or would take more than it was counted for.
func (t *leads) add(p *stored.Response, r *http.Request, form uint8, url uint64, by uint32, values *selecting, hash uint64) {
	l := &p.Lead
	text, ok := textOf(r, form, p.Key)
	if !ok || p.Marks.Has(stored.HasLeft) {
		return
	}
	s := t.share(selection{by, values.lines, values.there})
	if s == nil {
		return
	}
	if !p.Marks.Set(stored.IsLed) {
		t.release(s)
		return
	}
	l.Text, l.Ends, l.Gap = text.text, text.ends, text.gap
	l.Form, l.URL, l.Values, l.At = form, tag(url), uint32(hash), url
	if t.near(url) >= leadNear {
		l.At = apart(url, hash)
	}
	l.By.Store(s)
	t.link(p)
	if p.Marks.Has(stored.HasLeft) { // before it was in the table
		t.unlink(p)
	}
}

// near returns how many responses of a URL are in its place.
func (t *leads) near(url uint64) (n int) {
	for p := t.first(url); p != nil; p = p.Lead.Next.Load() {
		if p.Lead.URL == tag(url) {
			n++
		}
	}
	return n
}

func (t *leads) link(p *stored.Response) {
	s := t.shard(p.Lead.At)
	s.mu.Lock()
	defer s.mu.Unlock()
	table := *s.table.Load()
	if s.n++; s.n > len(table) {
		grown := make([]atomic.Pointer[stored.Response], 2*len(table))
		for i := range table {
			for p := table[i].Load(); p != nil; {
				next := p.Lead.Next.Load()
				linkIn(grown, p)
				p = next
			}
		}
		s.table.Store(&grown)
		table = grown
	}
	linkIn(table, p)
}

func linkIn(table []atomic.Pointer[stored.Response], p *stored.Response) {
	at := place(table, p.Lead.At)
	p.Lead.Next.Store(at.Load())
	at.Store(p)
}

// unlink takes p out, if it is there.
func (t *leads) unlink(p *stored.Response) {
	s := t.shard(p.Lead.At)
	s.mu.Lock()
	at := place(*s.table.Load(), p.Lead.At)
	x := at.Load()
	for x != nil && x != p {
		at = &x.Lead.Next
		x = at.Load()
	}
	if x != nil {
		at.Store(p.Lead.Next.Load())
		s.n--
	}
	s.mu.Unlock()
	if x != nil {
		t.release(p.Lead.By.Load())
	}
}

// count returns how many responses have a lead.
func (t *leads) count() (n int) {
	for i := range t.shards {
		s := &t.shards[i]
		s.mu.Lock()
		n += s.n
		s.mu.Unlock()
	}
	return n
}
