package pagecache

import (
	"encoding/binary"
	"errors"
	"strconv"
	"strings"
	"unsafe"
)

// errFormat is what decoding gives for bytes that this version did not write.
var errFormat = errors.New("pagecache: stored response is damaged, or of another format")

const formatVersion = 5

// codec writes responses as bytes and reads them again. Numbers are varints,
// strings are preceded by their length; package coherent adds a checksum.
type codec struct {
	beta   float64 // Options.EarlyRefresh
	shapes *shapes
}

func (codec) Size(p *response) int { return p.size() }

func (codec) Encode(p *response) ([]byte, error) {
	b := make([]byte, 0, p.size())
	b = append(b, formatVersion, byte(p.flags), byte(p.flags>>8))
	b = appendString(b, p.key)
	b = binary.AppendUvarint(b, uint64(p.status))
	b = appendString(b, p.route)
	b = binary.AppendVarint(b, p.date)
	b = binary.AppendVarint(b, p.age)
	b = binary.AppendVarint(b, p.life)
	b = binary.AppendVarint(b, p.grace)
	b = binary.AppendVarint(b, p.ifError)
	b = binary.AppendVarint(b, p.took)
	if p.is(isPart) {
		for _, n := range []int64{p.part.first, p.part.end, p.part.size} {
			b = binary.AppendVarint(b, n)
		}
	}
	b = appendStrings(b, p.vary)
	if p.is(isNote) {
		b = binary.AppendVarint(b, p.end)
		for _, until := range p.named {
			b = binary.AppendVarint(b, until)
		}
	}
	b = appendStrings(b, p.variants)
	b = appendStrings(b, p.tags)
	b = binary.AppendUvarint(b, uint64(p.header.len()))
	b = binary.AppendUvarint(b, uint64(len(p.header.values))) // the length is among them
	for i := range p.header.len() {
		f := p.header.at(i)
		b = appendString(b, f.name)
		adds := byte(0)
		if f.adds {
			adds = 1
		}
		b = append(b, adds)
		b = appendStrings(b, f.values)
	}
	return append(b, p.body...), nil
}

func (c codec) Decode(b []byte) (*response, error) {
	if len(b) < 3 || b[0] != formatVersion {
		return nil, errFormat
	}
	// The strings are parts of b, as the body is: nobody changes it, and it lives
	// as long as the body does. Copies are made of what lives longer.
	r := reader{s: unsafe.String(unsafe.SliceData(b[3:]), len(b)-3)}
	p := &response{flags: flags(b[1]) | flags(b[2])<<8, rare: plain}
	p.key = r.string()
	p.status = uint16(r.uvarint(999))
	p.route = c.shapes.route(r.string())
	p.date, p.age, p.life = r.varint(), r.varint(), r.varint()
	p.grace, p.ifError, p.took = r.varint(), r.varint(), r.varint()
	var part span
	if p.is(isPart) {
		part = span{r.varint(), r.varint(), r.varint()}
	}
	var room [16]string
	if vary := r.strings(room[:0]); len(vary) > 0 {
		p.rare = c.shapes.varying(vary)
	}
	var end int64
	var named []int64
	if p.is(isNote) {
		end = r.varint()
		for range p.vary {
			named = append(named, r.varint())
		}
	}
	variants, tags := r.strings(room[:0]), r.strings(nil)
	if len(variants) > 0 || len(tags) > 0 || p.is(isPart) || p.is(isNote) {
		p.rare = &rare{vary: p.vary, named: named, end: end, variants: clones(variants), tags: clones(tags), part: part}
	}
	n, most := r.uvarint(uint64(len(r.s))), r.uvarint(uint64(len(r.s))+1)
	var listed [16]field
	list, values := listed[:0], make([]string, 0, most)
	for range n {
		f := field{name: r.string(), adds: r.uvarint(1) == 1}
		start := len(values)
		if values = r.strings(values); r.bad {
			break
		}
		f.values = values[start:]
		list = append(list, f)
	}
	if r.bad || p.took < 0 || !p.is(isNote) && p.status < 200 || len(p.tags) != len(p.variants) || len(values)+1 != int(most) {
		return nil, errFormat
	}
	p.body = b[len(b)-len(r.s) : len(b) : len(b)]
	if s := p.part; p.is(isPart) && (s.first < 0 || s.end-s.first != int64(len(p.body)) || s.end > s.size) {
		return nil, errFormat
	}
	p.setLead(c.beta)
	p.header = fields{c.shapes.shape(list), append(values, strconv.Itoa(len(p.body)))}
	return p, nil
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

// A reader takes values off s until one is missing, and says so in bad.
type reader struct {
	s   string
	bad bool
}

// clones returns copies of strings that are parts of something else.
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

// head returns enough of what is left for a varint.
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
