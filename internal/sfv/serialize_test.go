package sfv_test

import (
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/uncache/uncache/internal/sfv"
)

// The serializer of RFC 9651 §4.1, for what was parsed. It lives here since
// nothing but the tests needs more of it than append.go has.

func serializeList(list sfv.List) string {
	members := make([]string, len(list))
	for i, m := range list {
		members[i] = serializeMember(m)
	}
	return strings.Join(members, ", ")
}

func serializeDictionary(dict sfv.Dictionary) string {
	members := make([]string, len(dict))
	for i, e := range dict {
		members[i] = e.Key
		if e.Value == yes {
			members[i] += serializeParams(e.Params)
		} else {
			members[i] += "=" + serializeMember(e.Member)
		}
	}
	return strings.Join(members, ", ")
}

func serializeMember(m sfv.Member) string {
	if m.Kind != sfv.InnerList {
		return serializeItem(m.Item)
	}
	items := make([]string, len(m.Items))
	for i, it := range m.Items {
		items[i] = serializeItem(it)
	}
	return "(" + strings.Join(items, " ") + ")" + serializeParams(m.Params)
}

func serializeItem(it sfv.Item) string { return serializeValue(it.Value) + serializeParams(it.Params) }

func serializeParams(params sfv.Params) string {
	var b strings.Builder
	for _, p := range params {
		b.WriteString(";" + p.Key)
		if p.Value != yes {
			b.WriteString("=" + serializeValue(p.Value))
		}
	}
	return b.String()
}

// serializeValue panics if the parser made a value that cannot be written.
func serializeValue(v sfv.Value) string {
	dst, ok := []byte(nil), true
	switch v.Kind {
	case sfv.Integer:
		dst, ok = sfv.AppendInteger(nil, v.Number)
	case sfv.String:
		dst, ok = sfv.AppendString(nil, v.Text)
	case sfv.Token:
		dst, ok = sfv.AppendToken(nil, v.Text)
	case sfv.Date:
		dst, ok = sfv.AppendInteger([]byte("@"), v.Number)
	case sfv.Boolean:
		return fmt.Sprintf("?%d", v.Number)
	case sfv.ByteSequence:
		return ":" + base64.StdEncoding.EncodeToString([]byte(v.Text)) + ":"
	case sfv.Decimal:
		n, sign := v.Number, ""
		if n < 0 {
			n, sign = -n, "-"
		}
		s := fmt.Sprintf("%s%d.%03d", sign, n/1000, n%1000)
		for range 2 {
			s = strings.TrimSuffix(s, "0")
		}
		if strings.HasSuffix(s, ".") {
			s += "0"
		}
		return s
	case sfv.DisplayString:
		s := `%"`
		for i := range len(v.Text) {
			if c := v.Text[i]; c == '%' || c == '"' || c < 0x20 || c > 0x7e {
				s += fmt.Sprintf("%%%02x", c)
			} else {
				s += string(rune(c))
			}
		}
		return s + `"`
	default:
		ok = false
	}
	if !ok {
		panic(fmt.Sprintf("%+v cannot be serialized", v))
	}
	return string(dst)
}
