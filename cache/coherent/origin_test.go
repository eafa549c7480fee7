package coherent_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
)

// Each event in the log says who purged: the caller, the option, or this process.
func TestEveryPurgeSaysWho(t *testing.T) {
	host, _ := os.Hostname()
	for _, tt := range []struct{ option, event, want string }{
		{"", "", fmt.Sprint(host, ":", os.Getpid())},
		{"web-1", "", "web-1"},
		{"web-1", "ada", "ada"},
		{"", "ada", "ada"},
	} {
		b := memory.New(nil)
		c, err := coherent.New(b, &coherent.Options{Origin: tt.option})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := c.Purge(t.Context(), cache.Event{Dependencies: []cache.Dependency{cache.All}, Origin: tt.event}); err != nil {
			t.Fatal(err)
		}
		events, err := b.Since(t.Context(), 0)
		if err != nil || len(events.List) != 1 || events.List[0].Origin != tt.want {
			t.Errorf("option %q, event %q: the log has %+v, %v; want one event of %q", tt.option, tt.event, events.List, err, tt.want)
		}
	}
}
