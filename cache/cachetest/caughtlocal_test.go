package cachetest

import (
	"bytes"
	"time"
)

// brokenLocals are brokenCaches whose local road is broken.
var brokenLocals = []brokenCache{
	{"GetLocal sees bytes", func(b *broken) {
		b.getLocal = func(key []byte) (any, bool) {
			it, ok := b.find(string(key))
			if ok && !it.isLocal {
				return string(it.value), true
			}
			return it.local, ok
		}
	}, []string{"Local/two roads", "Local/one value", "Local/expired"}},
	{"Get sees local values", func(b *broken) {
		b.setLocal = func(key string, value any, _ int, ttl time.Duration) {
			if s, ok := value.(string); ok {
				b.put(key, item{value: []byte(s), local: value}, ttl)
				return
			}
			b.mapCache.SetLocal(key, value, 0, ttl)
		}
		b.getLocal = func(key []byte) (any, bool) {
			it, ok := b.find(string(key))
			return it.local, ok && it.local != nil
		}
	}, []string{"Local/two roads", "Local/one value", "Local/negative ttl"}},
	{"two values under a key", func(b *broken) {
		other := &mapCache{}
		b.getLocal, b.setLocal = other.GetLocal, other.SetLocal
	}, []string{"Local/one value", "Local/expired"}},
	{"keeps a copy", func(b *broken) {
		b.getLocal = func(key []byte) (any, bool) {
			v, ok := b.mapCache.GetLocal(key)
			if p, isPointer := v.(*int); isPointer {
				n := *p
				return &n, ok
			}
			return v, ok
		}
	}, []string{"Local/the value itself"}},
	{"keeps the key", func(b *broken) {
		var lastKey []byte
		var last any
		b.getLocal = func(key []byte) (any, bool) {
			if last != nil && bytes.Equal(key, lastKey) {
				return last, true
			}
			v, ok := b.mapCache.GetLocal(key)
			lastKey, last = key, v
			return v, ok
		}
	}, []string{"Local/one value", "Local/the value itself", "Local/key"}},
	{"returns what was deleted", func(b *broken) {
		last := map[string]any{}
		b.setLocal = func(key string, value any, size int, ttl time.Duration) {
			last[key] = value
			b.mapCache.SetLocal(key, value, size, ttl)
		}
		b.getLocal = func(key []byte) (any, bool) { v, ok := last[string(key)]; return v, ok }
	}, []string{"Local/one value", "Local/negative ttl", "Local/expired"}},
	{"what has expired hides its successor", func(b *broken) {
		expired := map[string]any{}
		b.getLocal = func(key []byte) (any, bool) {
			if v, ok := expired[string(key)]; ok {
				return v, true
			}
			v, ok := b.mapCache.GetLocal(key)
			if _, fresh := b.find(string(key)); ok && !fresh {
				expired[string(key)] = v
			}
			return v, ok
		}
	}, []string{"Local/expired"}},
	{"keeps nothing", func(b *broken) {
		b.getLocal = func([]byte) (any, bool) { return nil, false }
	}, []string{"Local/one value", "Local/the value itself", "Local/key", "Local/ttl", "Local/expired"}},
	{"local ttl 0 is gone at once", func(b *broken) {
		b.setLocal = func(key string, value any, size int, ttl time.Duration) {
			if ttl >= 0 {
				ttl = max(ttl, 1)
			}
			b.mapCache.SetLocal(key, value, size, ttl)
		}
		b.getLocal = func(key []byte) (any, bool) {
			it, ok := b.find(string(key))
			return it.local, ok && it.isLocal
		}
	}, []string{"Local/ttl"}},
	{"local ttl -1 is for ever", func(b *broken) {
		b.setLocal = func(key string, value any, size int, ttl time.Duration) {
			b.mapCache.SetLocal(key, value, size, max(ttl, 0))
		}
	}, []string{"Local/negative ttl"}},
}
