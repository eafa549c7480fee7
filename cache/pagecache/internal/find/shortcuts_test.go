package find

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache/internal/engine"
	"github.com/uncache/uncache/cache/pagecache/internal/stored"
	"github.com/uncache/uncache/keys"
)

func newShortcuts(t *testing.T) *Shortcuts {
	t.Helper()
	b, err := keys.New("page", nil)
	if err != nil {
		t.Fatal(err)
	}
	m := memory.New(nil)
	t.Cleanup(func() { _ = m.Close() })
	c, err := engine.New(m, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return NewShortcuts(engine.NewValues(c, stored.NewCodec(0)), NewMemo(), b)
}

// A shortcut is compared in full with a request, whatever its hash.
func TestShortcutIsCompared(t *testing.T) {
	s := newShortcuts(t)
	ask := func(target, host string, fields ...string) *http.Request {
		r := httptest.NewRequest(http.MethodGet, target, nil)
		r.Host = host
		for i := 0; i < len(fields); i += 2 {
			r.Header[fields[i]] = fields[i+1 : i+2]
		}
		return r
	}
	fields := []string{"A", "B"}
	made := ask("/%61/x?q", "host", "A", "one", "B", "")
	is := func(r *http.Request) bool {
		var values, now selecting
		e := &shortcut{}
		values.read(s.memo.seed, made.Header, fields, nil, 0)
		now.read(s.memo.seed, r.Header, fields, nil, 0)
		return e.write(made, &values, len(fields), "key") && string(e.text[e.keyAt:]) == "key" && e.is(r, &now)
	}
	if !is(made) {
		t.Error("it is not for the request that it was made of")
	}
	for name, r := range map[string]*http.Request{
		"host":          ask("/%61/x?q", "hosT", "A", "one", "B", ""),
		"path":          ask("/%61/y?q", "host", "A", "one", "B", ""),
		"spelling":      ask("/a/x?q", "host", "A", "one", "B", ""),
		"query":         ask("/%61/x?r", "host", "A", "one", "B", ""),
		"shifted":       ask("/%61/xq", "host", "A", "one", "B", ""),
		"value":         ask("/%61/x?q", "host", "A", "two", "B", ""),
		"longer value":  ask("/%61/x?q", "host", "A", "onek", "B", ""),
		"shifted value": ask("/%61/x?q", "host", "A", "on", "B", "e"),
		"absent":        ask("/%61/x?q", "host", "A", "one"),
		"not empty":     ask("/%61/x?q", "host", "A", "one", "B", "k"),
		"none":          ask("/%61/x?q", "host"),
	} {
		if is(r) {
			t.Errorf("%s: it is for another request", name)
		}
	}
}

// What is not used makes room for what is; what is used stays.
func TestShortcutsAreBounded(t *testing.T) {
	s := newShortcuts(t)
	hash := uint64(5)
	for i := range shortcutWays {
		slot, old := s.slot(hash)
		if old != nil {
			t.Fatalf("slot %d is taken", i)
		}
		e := &shortcut{set: s.memo.varySet([]byte("x"))}
		e.used.Store(true)
		slot.Store(e)
	}
	if slot, _ := s.slot(hash); slot != nil {
		t.Error("what is in use makes room at once")
	}
	if slot, old := s.slot(hash); slot == nil || old == nil {
		t.Error("what was not used since makes no room")
	}
	if n := s.selector([]string{"1", "2", "3", "4", "5", "6", "7", "8", "9"}); n != 0 {
		t.Errorf("nine fields have the selector %d", n)
	}
	for i := range 2 * maxSelectors {
		s.selector([]string{fmt.Sprint("X-", i)})
	}
	if n := len(*s.selectors.Load()); n != maxSelectors {
		t.Errorf("there are %d selectors, want %d", n, maxSelectors)
	}
	long := httptest.NewRequest(http.MethodGet, "/?"+strings.Repeat("x", maxShortcut), nil)
	f, _ := form(long)
	s.learn(long, f, []byte("p"), "p")
	if s.key(long, f, s.hash(long, f)) != nil {
		t.Error("a request of more than a KiB is remembered")
	}
}
