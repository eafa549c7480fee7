package pagecache

import (
	"encoding/binary"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// A field is a header field with all its values. No values means that the handler
// took away what stood there before it.
type field struct {
	name   string
	values []string
	adds   bool // to what stands there already, as the handler did
}

// set puts f into the header of a response.
func (f *field) set(h http.Header) {
	if f.adds {
		h[f.name] = slices.Concat(h[f.name], f.values)
		return
	}
	h[f.name] = f.values
}

// fields are the stored header of a response: its shape, which the pages of a site
// have in common, and its values, which lie side by side. The values are assigned
// to a http.Header as they are: their capacity is their length, so that whoever
// appends gets a slice of his own.
type fields struct {
	shape  *shape
	values []string // of one field after another, and then the Content-Length
}

// A shape is which fields a header has, and how many values of each. It is shared,
// and never changed.
type shape struct {
	parts  []part
	etag   int  // which is the one ETag, or -1
	status bool // there is a Cache-Status
}

type part struct {
	name string
	end  int // of its values
	adds bool
}

// len is how many fields there are.
func (f *fields) len() int {
	if f.shape == nil {
		return 0
	}
	return len(f.shape.parts)
}

// at returns field number i.
func (f *fields) at(i int) field {
	start, p := 0, &f.shape.parts[i]
	if i > 0 {
		start = f.shape.parts[i-1].end
	}
	if start == p.end {
		return field{name: p.name, adds: p.adds}
	}
	return field{p.name, f.values[start:p.end:p.end], p.adds}
}

// get returns the values of a field, or nil.
func (f *fields) get(name string) []string {
	for i := range f.len() {
		if f.shape.parts[i].name == name {
			return f.at(i).values
		}
	}
	return nil
}

// set puts all fields into the header of a response.
func (f *fields) set(h http.Header) {
	if f.shape == nil {
		return
	}
	start := 0
	for i := range f.shape.parts {
		p := &f.shape.parts[i]
		if p.adds || start == p.end {
			field := f.at(i)
			field.set(h)
		} else {
			h[p.name] = f.values[start:p.end:p.end]
		}
		start = p.end
	}
}

// list returns the fields one by one.
func (f *fields) list() []field {
	list := make([]field, f.len())
	for i := range list {
		list[i] = f.at(i)
	}
	return list
}

// length is the Content-Length.
func (f *fields) length() []string { return f.values[len(f.values)-1 : len(f.values) : len(f.values)] }

// etag is the entity tag, or "".
func (f *fields) etag() string {
	if f.shape == nil || f.shape.etag < 0 {
		return ""
	}
	return f.at(f.shape.etag).values[0]
}

// shapes are those that responses share. When there are very many, as no site has
// them, responses have their own.
type shapes struct {
	mu     sync.RWMutex
	known  map[string]*shape
	vary   map[string]*rare // of responses of which nothing else is rare
	routes map[string]*string
}

const maxShapes = 1 << 10

func newShapes() *shapes {
	return &shapes{known: make(map[string]*shape), vary: make(map[string]*rare), routes: make(map[string]*string)}
}

// route returns a copy of a pattern. It is left in requests, and metrics keep it as
// a label when the page is gone.
func (s *shapes) route(pattern string) string {
	if s == nil || pattern == "" {
		return strings.Clone(pattern)
	}
	var room [256]byte
	id := append(room[:0], pattern...)
	if known := lookUp(s, s.routes, id); known != nil {
		return *known
	}
	own := strings.Clone(pattern)
	return *intern(s, s.routes, id, &own)
}

// varying returns the rare facts of a response that varies.
func (s *shapes) varying(vary []string) *rare {
	if s == nil {
		return &rare{vary: clones(vary)}
	}
	var room [256]byte
	id := room[:0]
	for _, name := range vary {
		id = appendString(id, name)
	}
	if known := lookUp(s, s.vary, id); known != nil {
		return known
	}
	return intern(s, s.vary, id, &rare{vary: clones(vary)})
}

// lookUp returns what is known under id, or nil.
func lookUp[T any](s *shapes, known map[string]*T, id []byte) *T {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return known[string(id)]
}

// intern returns what is known under id, which becomes x if nothing is and there
// is room.
func intern[T any](s *shapes, known map[string]*T, id []byte, x *T) *T {
	s.mu.Lock()
	defer s.mu.Unlock()
	if other := known[string(id)]; other != nil {
		return other
	}
	if len(known) < maxShapes {
		known[string(id)] = x
	}
	return x
}

// pack returns a header of a list of fields, and of a Content-Length.
func (s *shapes) pack(list []field, length string) fields {
	n := 0
	for i := range list {
		n += len(list[i].values)
	}
	f := fields{shape: s.shape(list), values: make([]string, 0, n+1)}
	for i := range list {
		f.values = append(f.values, list[i].values...)
	}
	f.values = append(f.values, length)
	return f
}

// shape returns the shape of a list of fields.
func (s *shapes) shape(list []field) *shape {
	if s == nil {
		return newShape(list)
	}
	var room [256]byte
	id := room[:0]
	for i := range list {
		adds := byte(0)
		if list[i].adds {
			adds = 1
		}
		id = append(binary.AppendUvarint(appendString(id, list[i].name), uint64(len(list[i].values))), adds)
	}
	if known := lookUp(s, s.known, id); known != nil {
		return known
	}
	return intern(s, s.known, id, newShape(list))
}

func newShape(list []field) *shape {
	s := &shape{parts: make([]part, len(list)), etag: -1}
	end := 0
	for i := range list {
		end += len(list[i].values)
		s.parts[i] = part{strings.Clone(list[i].name), end, list[i].adds}
		switch {
		case list[i].name == "Etag" && len(list[i].values) == 1:
			s.etag = i
		case list[i].name == "Cache-Status":
			s.status = true
		}
	}
	return s
}
