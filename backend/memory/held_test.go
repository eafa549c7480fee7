package memory_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/backend/memory"
)

// told notes what its store tells it.
type told struct {
	name  string
	used  bool
	heard []string
}

func (v *told) Entered()   { v.heard = append(v.heard, "entered") }
func (v *told) Used() bool { used := v.used; v.used = false; return used }
func (v *told) Left(next any) {
	what := "left"
	if n, ok := next.(*told); ok {
		what = "left for " + n.name
	}
	v.heard = append(v.heard, what)
}

// A value hears when it is stored and when it leaves, once each, whatever the cause.
func TestValuesAreTold(t *testing.T) {
	for name, tt := range map[string]struct {
		leave func(*memory.Backend)
		want  string
	}{
		"deleted":        {func(m *memory.Backend) { _ = m.Delete(t.Context(), "k") }, "left"},
		"replaced":       {func(m *memory.Backend) { m.SetLocal("k", &told{name: "next"}, 1, 0) }, "left for next"},
		"by bytes":       {func(m *memory.Backend) { _ = m.Set(t.Context(), "k", []byte("v"), 0) }, "left"},
		"by what is not": {func(m *memory.Backend) { m.SetLocal("k", &told{}, 1<<40, 0) }, "left"},
		"evicted": {func(m *memory.Backend) {
			for i := range 3 {
				m.SetLocal(fmt.Sprint(i), 1, 1, 0)
			}
		}, "left"},
		"expired": {func(*memory.Backend) { time.Sleep(time.Hour); synctest.Wait() }, "left"},
		"closed":  {func(m *memory.Backend) { _ = m.Close() }, "left"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := memory.New(&memory.Options{MaxEntries: 2})
				defer m.Close()
				v := &told{name: "k"}
				m.SetLocal("k", v, 1, time.Minute)
				tt.leave(m)
				_ = m.Delete(t.Context(), "k") // tells it nothing more
				if want := []string{"entered", tt.want}; !slices.Equal(v.heard, want) {
					t.Errorf("heard %q, want %q", v.heard, want)
				}
			})
		})
	}
}

// What is refused was never stored.
func TestRefusedValueIsToldNothing(t *testing.T) {
	m := memory.New(nil)
	defer m.Close()
	v := &told{}
	m.SetLocal("k", v, 1<<40, 0)
	if len(v.heard) != 0 {
		t.Errorf("heard %q", v.heard)
	}
}

// A value that was used otherwise than by its key is not evicted.
func TestOtherUseIsUse(t *testing.T) {
	m := memory.New(&memory.Options{MaxEntries: 3})
	defer m.Close()
	v := &told{}
	m.SetLocal("k", v, 1, 0)
	for i := range 20 {
		v.used = true
		m.SetLocal(fmt.Sprint(i), 1, 1, 0)
	}
	if len(v.heard) != 1 {
		t.Fatalf("used, heard %q", v.heard)
	}
	for i := range 20 {
		m.SetLocal(fmt.Sprint(i), 1, 1, 0)
	}
	if len(v.heard) != 2 {
		t.Errorf("not used, heard %q", v.heard)
	}
}
