package outbox

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/uncache/uncache/cache"
)

func TestEncode(t *testing.T) {
	at := time.Date(2026, 11, 22, 1, 2, 3, 4, time.UTC)
	for name, e := range map[string]cache.Event{
		"nothing":    {Dependencies: []cache.Dependency{}},
		"soft":       {Dependencies: []cache.Dependency{"path:/a/"}, Soft: true},
		"everything": {Dependencies: []cache.Dependency{"all:", "group:x", ""}, Reason: "why", Origin: "who", Time: at},
		"bytes":      {Dependencies: []cache.Dependency{"group:\x00\xff日"}, Reason: "\xff\x00", Origin: "\n"},
		"long":       {Dependencies: []cache.Dependency{cache.Dependency(strings.Repeat("x", 100_000))}},
		"before":     {Dependencies: []cache.Dependency{}, Time: time.Date(1960, 1, 1, 0, 0, 0, 0, time.UTC)},
	} {
		got, err := decode(encode(e))
		if err != nil || !reflect.DeepEqual(got, e) {
			t.Errorf("%s: %v came back as %v, %v", name, e, got, err)
		}
	}
	// The log gives the position.
	if got, _ := decode(encode(cache.Event{Position: 7})); got.Position != 0 {
		t.Errorf("position %d was kept", got.Position)
	}
}

// Format 1 may not change: other versions read it.
func TestFormat1(t *testing.T) {
	e := cache.Event{Dependencies: []cache.Dependency{"path:/", "group:a"}, Soft: true, Reason: "why", Origin: "me", Time: time.Unix(0, 64)}
	const want = "\x03\x80\x01\x03why\x02me\x02\x06path:/\x07group:a"
	if got := string(encode(e)); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestDecodeRefuses(t *testing.T) {
	whole := encode(cache.Event{Dependencies: []cache.Dependency{"path:/a/"}, Reason: "why", Time: time.Unix(1, 0)})
	for n := range whole {
		if _, err := decode(whole[:n]); !errors.Is(err, ErrCorrupt) {
			t.Errorf("the first %d of %d bytes: %v", n, len(whole), err)
		}
	}
	for name, b := range map[string]string{
		"bytes after the end": string(whole) + "x",
		"unknown flags":       "\x04\x00\x00\x00",
		"a huge count":        "\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
		"a huge string":       "\x00\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
		"an overlong number":  "\x00" + strings.Repeat("\x80", 20),
	} {
		if e, err := decode([]byte(b)); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v, %v", name, e, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(encode(cache.Event{Dependencies: []cache.Dependency{"path:/a/", "group:b"}, Soft: true, Reason: "why", Origin: "who"}))
	f.Add([]byte("\x02\x80\x80\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := decode(b)
		if err != nil {
			if !errors.Is(err, ErrCorrupt) {
				t.Fatalf("decode: %v", err)
			}
			return
		}
		again, err := decode(encode(e))
		if err != nil || !reflect.DeepEqual(again, e) {
			t.Fatalf("%v came back as %v, %v", e, again, err)
		}
	})
}

func TestNote(t *testing.T) {
	for in, want := range map[string]string{
		"blog.Post 42 saved": "blog.Post 42 saved",
		`a "b" \ c`:          `a "b" \ c`,
		"日本 \x00\xff":        `\u65e5\u672c \x00\xff`,
		"":                   "",
	} {
		if got := note(in); got != want {
			t.Errorf("note(%q) = %q, want %q", in, got, want)
		}
	}
	for _, in := range []string{strings.Repeat("x", 600), strings.Repeat("日", 600)} {
		if got := note(in); len(got) > maxNote || len(got) < maxNote-3 {
			t.Errorf("of %d bytes, %d are kept", len(in), len(got))
		}
	}
}

// A row with many short names would take many times its bytes in memory.
func TestNamesOfARowAreBounded(t *testing.T) {
	most := encode(cache.Event{Dependencies: make([]cache.Dependency, maxNames)})
	if e, err := decode(most); err != nil || len(e.Dependencies) != maxNames {
		t.Errorf("%d names: %d, %v", maxNames, len(e.Dependencies), err)
	}
	if _, err := decode(encode(cache.Event{Dependencies: make([]cache.Dependency, maxNames+1)})); !errors.Is(err, ErrCorrupt) {
		t.Errorf("one name more: %v", err)
	}
}
