package byhand_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/byhand"
	"github.com/uncache/uncache/invalidate"
)

func TestNames(t *testing.T) {
	var told []cache.Event
	inv := invalidate.New(invalidate.PurgerFunc(func(_ context.Context, e cache.Event) error {
		told = append(told, e)
		return nil
	}), nil)
	byhand.Register(inv)
	byhand.Register(inv)
	n := &byhand.Names{Paths: []string{"/café/"}, Routes: []string{"GET /a/{b}/{$}"}, Groups: []string{"g"}, Soft: true}
	targets, err := n.Check(inv)
	want := []cache.Dependency{"group:g", "path:/caf%C3%A9/", "route:", "route:/a/{}/{$}"}
	if err != nil || !slices.Equal(targets.Dependencies(), want) {
		t.Errorf("Check: %q, %v, want %q", targets.Dependencies(), err, want)
	}
	if len(told) != 0 {
		t.Errorf("Check has purged %v", told)
	}
	if err := inv.Invalidate(t.Context(), n); err != nil || len(told) != 1 || !told[0].Soft || !slices.Equal(told[0].Dependencies, want) {
		t.Errorf("purged %+v, %v", told, err)
	}
	for _, wrong := range []*byhand.Names{
		{}, {All: true, Groups: []string{"g"}}, {Routes: []string{"/{"}}, {Paths: []string{"a"}}, {Groups: []string{""}},
		{Groups: slices.Repeat([]string{"g"}, byhand.Max+1)},
	} {
		if _, err := wrong.Check(inv); err == nil {
			t.Errorf("%.60v has no mistake", wrong)
		}
	}
}

func TestReason(t *testing.T) {
	long := byhand.Reason(strings.Repeat("é", 200), strings.Repeat("ß", 200))
	if len(long) > cache.MaxNote || strings.ContainsRune(long, '\uFFFD') {
		t.Errorf("%d bytes: %q", len(long), long)
	}
	if got := byhand.Reason("ada\x1b[2J", " a\nb\u202e "); got != "by hand, ada [2J: a b" {
		t.Errorf("%q", got)
	}
	if got := byhand.Reason("ada", ""); got != "by hand, ada" {
		t.Errorf("%q", got)
	}
}
