package stored

import (
	"encoding/binary"
	"strings"
	"unsafe"
)

// A reader takes values off s until one is missing, and notes that in bad.
type reader struct {
	s   string
	bad bool
}

// clones returns copies of strings that share memory with something larger.
func clones(list []string) []string {
	if len(list) == 0 {
		return nil
	}
	own := make([]string, len(list))
	for i := range list {
		own[i] = strings.Clone(list[i])
	}
	return own
}

// head returns enough of s for a varint.
func (r *reader) head() []byte {
	most := min(len(r.s), binary.MaxVarintLen64)
	return unsafe.Slice(unsafe.StringData(r.s), most) // is read only
}

func (r *reader) skip(n int, ok bool) bool {
	if !ok {
		r.bad, r.s = true, ""
		return false
	}
	r.s = r.s[n:]
	return true
}

func (r *reader) uvarint(most uint64) uint64 {
	n, size := binary.Uvarint(r.head())
	if !r.skip(size, size > 0 && n <= most) {
		return 0
	}
	return n
}

func (r *reader) varint() int64 {
	n, size := binary.Varint(r.head())
	if !r.skip(size, size > 0) {
		return 0
	}
	return n
}

func (r *reader) string() string {
	n := r.uvarint(uint64(len(r.s)))
	s := r.s
	if !r.skip(int(n), n <= uint64(len(s))) {
		return ""
	}
	return s[:n]
}

// strings appends a list of strings to one.
func (r *reader) strings(list []string) []string {
	for range r.uvarint(uint64(len(r.s))) {
		s := r.string()
		if r.bad {
			break
		}
		list = append(list, s)
	}
	return list
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendStrings(b []byte, list []string) []byte {
	b = binary.AppendUvarint(b, uint64(len(list)))
	for _, s := range list {
		b = appendString(b, s)
	}
	return b
}
