package stored

import (
	"encoding/binary"
	"errors"
	"strconv"
	"time"
	"unsafe"
)

// errFormat is what decoding returns for bytes that this version did not write.
var errFormat = errors.New("pagecache: stored response is damaged, or of another format")

const formatVersion = 5

// A Codec completes responses, writes them as bytes and reads them again. Numbers are
// varints, strings are preceded by their length. The engine adds a checksum.
type Codec struct {
	beta   float64 // Options.EarlyRefresh
	shapes *shapes // nil: responses share nothing
}

// NewCodec returns a Codec of responses that share what they have in common. early is
// Options.EarlyRefresh.
func NewCodec(early float64) Codec { return Codec{early, newShapes()} }

// Size is about how much memory p takes.
func (Codec) Size(p *Response) int { return p.size() }

// Encode returns p as bytes.
func (Codec) Encode(p *Response) ([]byte, error) {
	b := make([]byte, 0, p.size())
	b = append(b, formatVersion, byte(p.Flags), byte(p.Flags>>8))
	b = appendString(b, p.Key)
	b = binary.AppendUvarint(b, uint64(p.Status))
	b = appendString(b, p.Route)
	b = binary.AppendVarint(b, p.Date)
	for _, d := range [...]time.Duration{p.Age, p.Life, p.Grace, p.IfError, p.Took} {
		b = binary.AppendVarint(b, int64(d))
	}
	if p.Is(IsPart) {
		for _, n := range []int64{p.Part.First, p.Part.End, p.Part.Size} {
			b = binary.AppendVarint(b, n)
		}
	}
	b = appendStrings(b, p.Vary)
	if p.Is(IsNote) {
		b = binary.AppendVarint(b, p.End)
		for _, until := range p.Named {
			b = binary.AppendVarint(b, until)
		}
	}
	b = appendStrings(b, p.Variants)
	b = appendStrings(b, p.Tags)
	b = binary.AppendUvarint(b, uint64(p.Header.Len()))
	b = binary.AppendUvarint(b, uint64(p.Header.count()))
	for i := range p.Header.Len() {
		f := p.Header.At(i)
		b = appendString(b, f.Name)
		adds := byte(0)
		if f.Adds {
			adds = 1
		}
		b = append(b, adds)
		b = appendStrings(b, f.Values)
	}
	return append(b, p.Body...), nil
}

// Decode returns the response that Encode wrote. It keeps b.
func (c Codec) Decode(b []byte) (*Response, error) {
	if len(b) < 3 || b[0] != formatVersion {
		return nil, errFormat
	}
	// The strings share the memory of b, as the body does. Nobody changes it. Strings
	// that live longer than the body are copied.
	r := reader{s: unsafe.String(unsafe.SliceData(b[3:]), len(b)-3)}
	p := &Response{Flags: Flags(b[1]) | Flags(b[2])<<8, Rare: plain}
	p.Key = r.string()
	p.Status = uint16(r.uvarint(999))
	p.Route = c.shapes.route(r.string())
	p.Date = r.varint()
	for _, d := range [...]*time.Duration{&p.Age, &p.Life, &p.Grace, &p.IfError, &p.Took} {
		*d = time.Duration(r.varint())
	}
	var part Span
	if p.Is(IsPart) {
		part = Span{r.varint(), r.varint(), r.varint()}
	}
	var room [16]string
	if vary := r.strings(room[:0]); len(vary) > 0 {
		p.Rare = c.shapes.varying(vary)
	}
	var end int64
	var named []int64
	if p.Is(IsNote) {
		end = r.varint()
		for range p.Vary {
			named = append(named, r.varint())
		}
	}
	variants, tags := r.strings(room[:0]), r.strings(nil)
	if len(variants) > 0 || len(tags) > 0 || p.Is(IsPart) || p.Is(IsNote) {
		p.Rare = &Rare{Vary: p.Vary, Named: named, End: end, Variants: clones(variants), Tags: clones(tags), Part: part}
	}
	n, most := r.uvarint(uint64(len(r.s))), r.uvarint(uint64(len(r.s))+1)
	var listed [16]Field
	list, values := listed[:0], make([]string, 0, most)
	for range n {
		f := Field{Name: r.string(), Adds: r.uvarint(1) == 1}
		start := len(values)
		if values = r.strings(values); r.bad {
			break
		}
		f.Values = values[start:]
		list = append(list, f)
	}
	if r.bad || p.Took < 0 || !p.Is(IsNote) && p.Status < 200 || len(p.Tags) != len(p.Variants) || len(values)+1 != int(most) {
		return nil, errFormat
	}
	p.Body = b[len(b)-len(r.s) : len(b) : len(b)]
	if s := p.Part; p.Is(IsPart) && (s.First < 0 || s.End-s.First != int64(len(p.Body)) || s.End > s.Size) {
		return nil, errFormat
	}
	p.setLead(c.beta)
	p.Header = c.shapes.header(list, strconv.Itoa(len(p.Body)))
	return p, nil
}
