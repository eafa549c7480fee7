package sfv_test

import (
	"testing"

	"github.com/uncache/uncache/internal/sfv"
)

// RFC 9651 §4.1.4, §4.1.6 and §4.1.7: what is appended, or that it cannot be
// and dst is as it was.
func TestAppend(t *testing.T) {
	str := func(s string) func([]byte) ([]byte, bool) {
		return func(dst []byte) ([]byte, bool) { return sfv.AppendString(dst, s) }
	}
	tok := func(s string) func([]byte) ([]byte, bool) {
		return func(dst []byte) ([]byte, bool) { return sfv.AppendToken(dst, s) }
	}
	num := func(n int64) func([]byte) ([]byte, bool) {
		return func(dst []byte) ([]byte, bool) { return sfv.AppendInteger(dst, n) }
	}
	for _, tt := range []struct {
		name   string
		append func([]byte) ([]byte, bool)
		want   string
		ok     bool
	}{
		{"string", str(""), `""`, true},
		{"string", str("hello, world"), `"hello, world"`, true},
		{"string", str(`a"b\c`), `"a\"b\\c"`, true},
		{"string", str(" ~"), `" ~"`, true},
		{"string, a tab", str("a\tb"), "", false},
		{"string, response splitting", str("a\r\nSet-Cookie: b"), "", false},
		{"string, DEL", str("a\x7f"), "", false},
		{"string, not ASCII", str("é"), "", false},

		{"token", tok("a"), "a", true},
		{"token", tok("*"), "*", true},
		{"token", tok("Foo/1.0:x!#$%&'*+-.^_`|~"), "Foo/1.0:x!#$%&'*+-.^_`|~", true},
		{"token, empty", tok(""), "", false},
		{"token, a digit first", tok("1a"), "", false},
		{"token, a slash first", tok("/a"), "", false},
		{"token, a space", tok("a b"), "", false},
		{"token, a comma", tok("a,b"), "", false},
		{"token, a semicolon", tok("a;b"), "", false},
		{"token, a quote", tok(`a"`), "", false},
		{"token, an equals sign", tok("a=b"), "", false},
		{"token, response splitting", tok("a\r\nb"), "", false},
		{"token, not ASCII", tok("é"), "", false},
		{"token, not ASCII", tok("aé"), "", false},

		{"integer", num(0), "0", true},
		{"integer", num(-1), "-1", true},
		{"integer", num(999_999_999_999_999), "999999999999999", true},
		{"integer", num(-999_999_999_999_999), "-999999999999999", true},
		{"integer, 16 digits", num(1_000_000_000_000_000), "", false},
		{"integer, 16 digits", num(-1_000_000_000_000_000), "", false},
	} {
		got, ok := tt.append([]byte("before "))
		if want := "before " + tt.want; string(got) != want || ok != tt.ok {
			t.Errorf("%s: %q, %v, want %q, %v", tt.name, got, ok, want, tt.ok)
		}
	}
}
