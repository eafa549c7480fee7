package sfv

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"
)

// bareItem is §4.2.3.1.
func (p *parser) bareItem() (Value, bool) {
	switch c := p.peek(); {
	case c == '-' || isDigit(c):
		return p.number()
	case c == '"':
		return p.string()
	case classes[c]&tokenFirst != 0:
		return Value{Kind: Token, Text: p.run(tokenRest)}, true
	case c == ':':
		return p.byteSequence()
	case c == '?':
		return p.boolean()
	case c == '@':
		return p.date()
	case c == '%':
		return p.displayString()
	}
	return Value{}, p.fail("no item")
}

// number is §4.2.4.
func (p *parser) number() (Value, bool) {
	sign := int64(1)
	if p.next('-') {
		sign = -1
	}
	whole := p.digits()
	if whole == "" {
		return Value{}, p.fail("no digit")
	}
	if !p.next('.') {
		if len(whole) > 15 {
			return Value{}, p.fail("an integer of more than 15 digits")
		}
		return Value{Kind: Integer, Number: sign * natural(whole)}, true
	}
	if len(whole) > 12 {
		return Value{}, p.fail("a decimal of more than 12 digits before the point")
	}
	fraction := p.digits()
	if fraction == "" || len(fraction) > 3 {
		return Value{}, p.fail("a decimal without 1 to 3 digits behind the point")
	}
	n := natural(whole)*1000 + natural((fraction + "00")[:3])
	return Value{Kind: Decimal, Number: sign * n}, true
}

func (p *parser) digits() string {
	start := p.pos
	for isDigit(p.peek()) {
		p.pos++
	}
	return p.s[start:p.pos]
}

// natural returns the number that at most 15 digits write.
func natural(digits string) (n int64) {
	for i := range len(digits) {
		n = 10*n + int64(digits[i]-'0')
	}
	return n
}

// string is §4.2.5. Most strings have no escapes, and are not copied.
func (p *parser) string() (Value, bool) {
	p.pos++ // the quote
	var unescaped []byte
	start := p.pos
	for p.pos < len(p.s) {
		switch c := p.s[p.pos]; {
		case c == '"':
			text := p.s[start:p.pos]
			p.pos++
			if unescaped != nil {
				text = string(append(unescaped, text...))
			}
			return Value{Kind: String, Text: text}, true
		case c == '\\':
			unescaped = append(unescaped, p.s[start:p.pos]...)
			p.pos++
			if c := p.peek(); c != '"' && c != '\\' {
				return Value{}, p.fail("a backslash before neither a quote nor a backslash")
			}
			start = p.pos // where the escaped byte stands
		case !isPrintable(c):
			return Value{}, p.fail("a byte that is not printable ASCII")
		}
		p.pos++
	}
	return Value{}, p.fail("a string without an end")
}

// byteSequence is §4.2.7. Padding may be missing, and the bits that it stands
// for may be anything; parsers should not mind, it says.
func (p *parser) byteSequence() (Value, bool) {
	p.pos++ // the colon
	text, _, closed := strings.Cut(p.s[p.pos:], ":")
	if !closed {
		return Value{}, p.fail("a byte sequence without an end")
	}
	encoding := base64.StdEncoding
	if !strings.Contains(text, "=") {
		encoding = base64.RawStdEncoding
	}
	// The decoder skips line ends, which have no place in a field.
	decoded, err := encoding.DecodeString(text)
	if err != nil || strings.ContainsAny(text, "\r\n") {
		return Value{}, p.fail("a byte sequence that is not base64")
	}
	p.pos += len(text) + 1
	return Value{Kind: ByteSequence, Text: string(decoded)}, true
}

// boolean is §4.2.8.
func (p *parser) boolean() (Value, bool) {
	p.pos++ // the question mark
	switch {
	case p.next('1'):
		return boolean(true), true
	case p.next('0'):
		return boolean(false), true
	}
	return Value{}, p.fail("a boolean that is neither ?0 nor ?1")
}

func boolean(b bool) Value {
	if b {
		return Value{Kind: Boolean, Number: 1}
	}
	return Value{Kind: Boolean}
}

// date is §4.2.9.
func (p *parser) date() (Value, bool) {
	p.pos++ // the at sign
	v, ok := p.number()
	if ok && v.Kind != Integer {
		return Value{}, p.fail("a date that is not an integer")
	}
	v.Kind = Date
	return v, ok
}

// displayString is §4.2.10.
func (p *parser) displayString() (Value, bool) {
	p.pos++ // the percent sign
	if !p.next('"') {
		return Value{}, p.fail("a percent sign without a quote")
	}
	var text []byte
	for p.pos < len(p.s) {
		c := p.s[p.pos]
		switch {
		case !isPrintable(c):
			return Value{}, p.fail("a byte that is not printable ASCII")
		case c == '"':
			if !utf8.Valid(text) {
				return Value{}, p.fail("a display string that is not UTF-8")
			}
			p.pos++
			return Value{Kind: DisplayString, Text: string(text)}, true
		case c == '%':
			octet, ok := hexOctet(p.s[p.pos+1:])
			if !ok {
				return Value{}, p.fail("a percent sign without two lower-case hexadecimal digits")
			}
			c = octet
			p.pos += 2
		}
		text = append(text, c)
		p.pos++
	}
	return Value{}, p.fail("a display string without an end")
}

func hexOctet(s string) (byte, bool) {
	const digits = "0123456789abcdef"
	if len(s) < 2 {
		return 0, false
	}
	high, low := strings.IndexByte(digits, s[0]), strings.IndexByte(digits, s[1])
	return byte(high<<4 | low), high >= 0 && low >= 0
}
