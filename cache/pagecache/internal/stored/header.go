package stored

import (
	"net/http"
	"slices"
)

// A field is a header field with all its values. No values means that the handler
// took away what stood there before it.
type Field struct {
	Name   string
	Values []string
	Adds   bool // to what stands there already, as the handler did
}

// set puts f into the header of a response.
func (f *Field) Set(h http.Header) {
	if f.Adds {
		h[f.Name] = slices.Concat(h[f.Name], f.Values)
		return
	}
	h[f.Name] = f.Values
}

// fields are the stored header of a response: its shape, which the pages of a site
// have in common, and its values, which lie side by side. The values are assigned
// to a http.Header as they are: their capacity is their length, so that whoever
// appends gets a slice of his own.
type Header struct {
	shape  *shape
	values []string // of one field after another, and then the Content-Length
}

// len is how many fields there are.
func (f *Header) Len() int {
	if f.shape == nil {
		return 0
	}
	return len(f.shape.slots)
}

// at returns field number i.
func (f *Header) At(i int) Field {
	start, p := 0, &f.shape.slots[i]
	if i > 0 {
		start = f.shape.slots[i-1].end
	}
	if start == p.end {
		return Field{Name: p.name, Adds: p.adds}
	}
	return Field{p.name, f.values[start:p.end:p.end], p.adds}
}

// get returns the values of a field, or nil.
func (f *Header) Get(name string) []string {
	for i := range f.Len() {
		if f.shape.slots[i].name == name {
			return f.At(i).Values
		}
	}
	return nil
}

// set puts all fields into the header of a response.
func (f *Header) Set(h http.Header) {
	if f.shape == nil {
		return
	}
	start := 0
	for i := range f.shape.slots {
		p := &f.shape.slots[i]
		if p.adds || start == p.end {
			field := f.At(i)
			field.Set(h)
		} else {
			h[p.name] = f.values[start:p.end:p.end]
		}
		start = p.end
	}
}

// list returns the fields one by one.
func (f *Header) List() []Field {
	list := make([]Field, f.Len())
	for i := range list {
		list[i] = f.At(i)
	}
	return list
}

// length is the Content-Length.
func (f *Header) Length() []string { return f.values[len(f.values)-1 : len(f.values) : len(f.values)] }

// hasStatus reports whether the handler gave a Cache-Status.
func (f *Header) HasStatus() bool { return f.shape.status }

// etag is the entity tag, or "".
func (f *Header) ETag() string {
	if f.shape == nil || f.shape.etag < 0 {
		return ""
	}
	return f.At(f.shape.etag).Values[0]
}
