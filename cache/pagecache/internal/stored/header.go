package stored

import (
	"net/http"
	"slices"
	"strings"
)

// A Field is a header field with all its values. No values means that the handler removed
// what middleware outside the cache had put there.
type Field struct {
	Name   string
	Values []string
	Adds   bool // the values are added to those of middleware outside the cache
}

// Set puts f into the header of a response.
func (f *Field) Set(h http.Header) {
	if f.Adds {
		h[f.Name] = slices.Concat(h[f.Name], f.Values)
		return
	}
	h[f.Name] = f.Values
}

// A Header is the stored header of a response: its shape, which the pages of a site have in
// common, and a list of the values that are its own. Values are assigned to an http.Header
// as they are. Their capacity is their length, so that to append to them makes a copy.
type Header struct {
	shape  *shape
	values []string // those of each field in turn, and then the Content-Length
}

// Len returns how many fields there are.
func (f *Header) Len() int {
	if f.shape == nil {
		return 0
	}
	return len(f.shape.slots)
}

// At returns field number i.
func (f *Header) At(i int) Field {
	start, p := 0, &f.shape.slots[i]
	if p.shared != nil {
		return Field{p.name, p.shared, p.adds}
	}
	if i > 0 {
		start = f.shape.slots[i-1].end
	}
	if start == p.end {
		return Field{Name: p.name, Adds: p.adds}
	}
	return Field{p.name, f.values[start:p.end:p.end], p.adds}
}

// Get returns the values of a field, or nil.
func (f *Header) Get(name string) []string {
	for i := range f.Len() {
		if f.shape.slots[i].name == name {
			return f.At(i).Values
		}
	}
	return nil
}

// Set puts all fields into the header of a response.
func (f *Header) Set(h http.Header) {
	if f.shape == nil {
		return
	}
	start := 0
	for i := range f.shape.slots {
		p := &f.shape.slots[i]
		switch {
		case p.shared != nil && !p.adds:
			h[p.name] = p.shared
		case p.adds || start == p.end:
			field := f.At(i)
			field.Set(h)
		default:
			h[p.name] = f.values[start:p.end:p.end]
		}
		start = p.end
	}
}

// List returns the fields one by one.
func (f *Header) List() []Field {
	list := make([]Field, f.Len())
	for i := range list {
		list[i] = f.At(i)
	}
	return list
}

// Length returns the values of Content-Length.
func (f *Header) Length() []string { return f.values[len(f.values)-1 : len(f.values) : len(f.values)] }

// HasStatus reports whether the handler gave a Cache-Status.
func (f *Header) HasStatus() bool { return f.shape.status }

// ETag returns the entity tag, or "".
func (f *Header) ETag() string {
	if f.shape == nil || f.shape.etag < 0 {
		return ""
	}
	return f.At(f.shape.etag).Values[0]
}

// count returns how many values there are, with the Content-Length.
func (f *Header) count() (n int) {
	for i := range f.Len() {
		n += len(f.At(i).Values)
	}
	return n + 1
}

// A shape is which fields a header has, how many values of each, and the values that it
// shares with others. It is shared, and never changed.
type shape struct {
	slots  []slot
	etag   int  // which is the one ETag, or -1
	status bool // there is a Cache-Status
}

type slot struct {
	name   string
	shared []string // the values; nil if each header has its own, or none
	end    int      // of its own values
	adds   bool
}

// newShape returns the shape of a list of fields. Those that share says have their values
// in it.
func newShape(list []Field, share func(*Field) bool) *shape {
	s := &shape{slots: make([]slot, len(list)), etag: -1}
	end := 0
	for i := range list {
		f := &list[i]
		s.slots[i] = slot{name: strings.Clone(f.Name), adds: f.Adds}
		if share(f) {
			s.slots[i].shared = slices.Clip(clones(f.Values))
		} else {
			end += len(f.Values)
		}
		s.slots[i].end = end
		switch {
		case f.Name == "Etag" && len(f.Values) == 1:
			s.etag = i
		case f.Name == "Cache-Status":
			s.status = true
		}
	}
	return s
}
