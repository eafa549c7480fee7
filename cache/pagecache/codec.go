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
type codec struct{ beta float64 } // Options.EarlyRefresh

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
	b = binary.AppendUvarint(b, uint64(len(p.header)))
	for i := range p.header {
		b = appendString(b, p.header[i].name)
		adds := byte(0)
		if p.header[i].adds {
			adds = 1
		}
		b = append(b, adds)
		b = appendStrings(b, p.header[i].values)
	}
	return append(b, p.body...), nil
}

func (c codec) Decode(b []byte) (*response, error) {
	if len(b) < 2 || b[0] != formatVersion {
		return nil, errFormat
	}
	r := reader{b: b[2:]}
	p := &response{flags: flags(b[1])}
	p.key = r.string()
	p.status = int(r.uvarint(999))
	p.route = r.string()
	p.date, p.age, p.life = r.varint(), r.varint(), r.varint()
	p.grace, p.ifError, p.took = r.varint(), r.varint(), r.varint()
	if p.is(isPart) {
		p.part = span{r.varint(), r.varint(), r.varint()}
	}
	p.vary, p.variants, p.tags = r.strings(), r.strings(), r.strings()
	n := r.uvarint(uint64(len(r.b)))
	p.header = make([]field, 0, min(n, 64))
	for range n {
		f := field{name: r.string(), adds: r.uvarint(1) == 1, values: r.strings()}
		if r.bad {
			break
		}
		p.header = append(p.header, f)
	}
	if r.bad || p.took < 0 || !p.is(isNote) && p.status < 200 || len(p.tags) != len(p.variants) {
		return nil, errFormat
	}
	p.body = r.b
	if s := p.part; p.is(isPart) && (s.first < 0 || s.end-s.first != int64(len(p.body)) || s.end > s.size) {
		return nil, errFormat
	}
	p.setLead(c.beta)
	p.finish()
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
