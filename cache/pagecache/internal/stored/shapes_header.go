package stored

import (
	"encoding/binary"
	"strings"
)

const (
	maxKinds      = 64  // shapes with values, of one list of names
	maxSharedSize = 512 // bytes of a value that is shared
)

// pack returns a header of a list of fields, and of a Content-Length. Values that are its
// own share one piece of memory, but for Date: the responses of one second share that.
func (s *shapes) pack(list []Field, length string) Header {
	f := s.header(list, length)
	dated := -1
	for i := range list {
		if p := &f.shape.slots[i]; p.name == "Date" && len(list[i].Values) == 1 {
			dated = p.end - 1
		}
	}
	var b strings.Builder
	for i, v := range f.values {
		if i != dated {
			b.WriteString(v)
		}
	}
	rest := strings.Clone(b.String()) // without the builder's spare room
	for i, v := range f.values {
		if i != dated {
			f.values[i], rest = rest[:len(v)], rest[len(v):]
		}
	}
	return f
}

// header returns a header whose values are those of list, as they are, or shared.
func (s *shapes) header(list []Field, length string) Header {
	f := Header{shape: s.shape(list)}
	n := 1
	if slots := f.shape.slots; len(slots) > 0 {
		n += slots[len(slots)-1].end
	}
	f.values = make([]string, 0, n)
	for i := range list {
		if f.shape.slots[i].shared == nil {
			f.values = append(f.values, list[i].Values...)
		}
	}
	f.values = append(f.values, length)
	return f
}

// shape returns the shape of a list of fields. It has the values that pages of a site have
// in common. Where there turn out to be many, as of a handler that numbers its responses,
// it has none.
func (s *shapes) shape(list []Field) *shape {
	if s == nil {
		return newShape(list, sharesNothing)
	}
	var room, all [512]byte
	id := appendShape(append(room[:0], 0), list, sharesNothing)
	whole := appendShape(append(all[:0], 1), list, shares)
	if known := lookUp(s, s.known, whole); known != nil {
		return known
	}
	if s.may(id) {
		return intern(s, s.known, whole, newShape(list, shares))
	}
	if known := lookUp(s, s.known, id); known != nil {
		return known
	}
	return intern(s, s.known, id, newShape(list, sharesNothing))
}

// may reports whether there may be one more shape with values of a list of names.
func (s *shapes) may(id []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.kinds[string(id)]
	if n >= maxKinds || len(s.known) >= maxShapes/2 {
		return false
	}
	s.kinds[string(id)] = n + 1
	return true
}

// appendShape appends what a shape is known by.
func appendShape(id []byte, list []Field, share func(*Field) bool) []byte {
	for i := range list {
		f := &list[i]
		adds := byte(0)
		if f.Adds {
			adds = 1
		}
		id = append(binary.AppendUvarint(appendString(id, f.Name), uint64(len(f.Values))), adds)
		if share(f) {
			for _, v := range f.Values {
				id = appendString(id, v)
			}
		}
	}
	return id
}

func sharesNothing(*Field) bool { return false }

// shares reports whether many pages may have f's values.
func shares(f *Field) bool {
	size := 0
	for _, v := range f.Values {
		size += len(v)
	}
	switch f.Name {
	case "Date", "Etag", "Last-Modified", "Expires", "Location", "Content-Location", "Link", "Set-Cookie", "Cache-Groups":
		return false
	}
	return len(f.Values) > 0 && size <= maxSharedSize
}
