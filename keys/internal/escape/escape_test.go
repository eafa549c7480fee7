package escape

import (
	"net/url"
	"testing"
)

// Every byte comes back, from every set that has the percent sign encoded.
func TestRoundTrip(t *testing.T) {
	for _, set := range []*Set{Segment, Name, Parameter, DjangoPath} {
		for c := range 256 {
			text := string(set.AppendByte(nil, byte(c)))
			got, n := Decode(text, 0)
			if got != byte(c) || n != len(text) || !Valid(text) {
				t.Errorf("%#x is written %q, which is read as %#x, %d bytes", c, text, got, n)
			}
		}
	}
}

// Valid and Decode agree with net/url, which reads the same requests.
func FuzzValid(f *testing.F) {
	for _, s := range []string{"", "%", "%4", "%41", "%4g", "%%41", "a%aF%", "%g1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		want, err := url.PathUnescape(s)
		if Valid(s) != (err == nil) {
			t.Fatalf("Valid(%q) = %v, net/url: %v", s, Valid(s), err)
		}
		if err != nil {
			return
		}
		var got []byte
		for i := 0; i < len(s); {
			c, n := Decode(s, i)
			got = append(got, c)
			i += n
		}
		if string(got) != want {
			t.Errorf("%q is decoded to %q, want %q", s, got, want)
		}
	})
}
