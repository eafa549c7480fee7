package rediscache

import (
	"reflect"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/cache"
)

func entry(id string, fields []any) redis.XMessage {
	m := redis.XMessage{ID: id, Values: make(map[string]any)}
	for i := 0; i < len(fields); i += 2 {
		m.Values[fields[i].(string)] = fields[i+1]
	}
	return m
}

// Whatever is in an event comes back, and what comes out of an entry is what
// encode makes of it again.
func FuzzEvent(f *testing.F) {
	f.Add("path:/a", "1:b,", "blog.Post 42 saved", "web-1", false, int64(0), "1:a,0:,")
	f.Add("", "\xff\x00", "\n", "", true, int64(1795382711708261000), "7:path:/a,")
	f.Add(",", "3:", "", ":", true, int64(-1), "01:a,")
	f.Fuzz(func(t *testing.T, a, b, reason, origin string, soft bool, nanos int64, deps string) {
		want := cache.Event{
			Position:     42,
			Time:         time.Unix(0, nanos).UTC(),
			Dependencies: []cache.Dependency{cache.Dependency(a), cache.Dependency(b)},
			Soft:         soft,
			Reason:       reason,
			Origin:       origin,
		}
		got, err := decode(entry("42-0", encode(want)))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("decode(encode(%+v)) = %+v, %v", want, got, err)
		}

		foreign := entry("42-0", encode(want))
		foreign.Values[fieldDeps] = deps
		if got, err := decode(foreign); err == nil {
			again, err := decode(entry("42-0", encode(got)))
			if err != nil || !reflect.DeepEqual(again, got) {
				t.Errorf("deps %q came out as %q, which come back as %q, %v", deps, got.Dependencies, again.Dependencies, err)
			}
		}
	})
}
