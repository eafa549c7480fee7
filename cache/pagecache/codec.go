package pagecache

import (
	"encoding/binary"
	"errors"
)

// errFormat is what decoding gives for bytes that this version did not write.
var errFormat = errors.New("pagecache: stored response is damaged, or of another format")

const formatVersion = 3

// codec writes responses as bytes and reads them again. Numbers are varints,
// strings are preceded by their length; package coherent adds a checksum.
type codec struct {
	beta   float64 // Options.EarlyRefresh
	shapes *shapes
}

func (codec) Size(p *response) int { return p.size() }

func (codec) Encode(p *response) ([]byte, error) {
	b := make([]byte, 0, p.size())
	b = append(b, formatVersion, byte(p.flags))
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
	b = appendStrings(b, p.variants)
	b = appendStrings(b, p.tags)
	b = binary.AppendUvarint(b, uint64(p.header.len()))
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
	if len(b) < 2 || b[0] != formatVersion {
		return nil, errFormat
	}
	r := reader{b: b[2:]}
	p := &response{flags: flags(b[1]), rare: plain}
	p.key = r.string()
	p.status = uint16(r.uvarint(999))
	p.route = r.string()
	p.date, p.age, p.life = r.varint(), r.varint(), r.varint()
	p.grace, p.ifError, p.took = r.varint(), r.varint(), r.varint()
	if p.is(isPart) {
		p.own().part = span{r.varint(), r.varint(), r.varint()}
	}
	if vary, variants, tags := r.strings(), r.strings(), r.strings(); vary != nil || variants != nil || tags != nil {
		own := p.own()
		own.vary, own.variants, own.tags = vary, variants, tags
	}
	n := r.uvarint(uint64(len(r.b)))
	var room [16]field
	header := room[:0]
	for range n {
		f := field{name: r.string(), adds: r.uvarint(1) == 1, values: r.strings()}
		if r.bad {
			break
		}
		header = append(header, f)
	}
	if r.bad || p.took < 0 || !p.is(isNote) && p.status < 200 || len(p.tags) != len(p.variants) {
		return nil, errFormat
	}
	p.body = r.b
	if s := p.part; p.is(isPart) && (s.first < 0 || s.end-s.first != int64(len(p.body)) || s.end > s.size) {
		return nil, errFormat
	}
	p.setLead(c.beta)
	p.finish(header, c.shapes)
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

// A reader takes values off b until one is missing, and says so in bad.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) uvarint(most uint64) uint64 {
	n, size := binary.Uvarint(r.b)
	if size <= 0 || n > most {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[size:]
	return n
}

func (r *reader) varint() int64 {
	n, size := binary.Varint(r.b)
	if size <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[size:]
	return n
}

func (r *reader) string() string {
	n := r.uvarint(uint64(len(r.b)))
	if n > uint64(len(r.b)) {
		r.bad, r.b = true, nil
		return ""
	}
	s := string(r.b[:n])
	r.b = r.b[n:]
	return s
}

func (r *reader) strings() []string {
	n := r.uvarint(uint64(len(r.b)))
	if n == 0 || r.bad {
		return nil
	}
	list := make([]string, 0, min(n, 64))
	for range n {
		list = append(list, r.string())
		if r.bad {
			return nil
		}
	}
	return list
}
